using ConntrackConsole.Checks.Model;

namespace ConntrackConsole.Components.Text;

/// <summary>The words of the checks page.</summary>
internal static class CheckFormatter
{
    /// <summary>The order of the sections: what is wrong first.</summary>
    public static readonly IReadOnlyList<CheckState> Order =
        [CheckState.Bad, CheckState.Warning, CheckState.InsufficientData, CheckState.Ok, CheckState.NotApplicable];

    public static string Name(CheckState state) => state switch
    {
        CheckState.Bad => "Bad",
        CheckState.Warning => "Warning",
        CheckState.InsufficientData => "Cannot tell",
        CheckState.Ok => "OK",
        _ => "Not applicable",
    };

    /// <summary>For addresses, classes and tests.</summary>
    public static string Id(CheckState state) => state switch
    {
        CheckState.Bad => "bad",
        CheckState.Warning => "warning",
        CheckState.InsufficientData => "tell",
        CheckState.Ok => "ok",
        _ => "na",
    };

    /// <summary>A shape for each, so that nothing hangs on the colour.</summary>
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
