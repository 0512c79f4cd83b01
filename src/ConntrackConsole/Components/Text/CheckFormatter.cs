using ConntrackConsole.Checks.Model;

namespace ConntrackConsole.Components.Text;

/// <summary>Names and symbols of the checks page.</summary>
internal static class CheckFormatter
{
    /// <summary>Order of the sections, worst first.</summary>
    public static readonly IReadOnlyList<CheckState> Order =
        [CheckState.Bad, CheckState.Warning, CheckState.InsufficientData, CheckState.Ok, CheckState.NotApplicable];

    public static string Name(CheckState state) => state switch
    {
        CheckState.Bad => "Bad",
        CheckState.Warning => "Warning",
        CheckState.InsufficientData => "Unknown",
        CheckState.Ok => "OK",
        _ => "Not applicable",
    };

    /// <summary>Id for URLs, CSS classes and test ids.</summary>
    public static string Id(CheckState state) => state switch
    {
        CheckState.Bad => "bad",
        CheckState.Warning => "warning",
        CheckState.InsufficientData => "unknown",
        CheckState.Ok => "ok",
        _ => "na",
    };

    /// <summary>One symbol per state, so that it does not depend on colour.</summary>
    public static string Sign(CheckState state) => state switch
    {
        CheckState.Bad => "■",
        CheckState.Warning => "▲",
        CheckState.InsufficientData => "?",
        CheckState.Ok => "✓",
        _ => "–",
    };

    public static string Kind(SubjectKind kind) => kind switch
    {
        SubjectKind.Node => "node",
        SubjectKind.Service => "Service",
        _ => "cluster",
    };
}
