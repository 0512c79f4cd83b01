using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Inventory;

/// <summary>A question for single resets. Filters that are null match everything.</summary>
/// <param name="Limit">Maximum number of rows, the newest first.</param>
internal sealed record ResetQuery(long FromMs, long ToMs, int Limit)
{
    public string? Namespace { get; init; }

    /// <summary>Name, or namespace/name.</summary>
    public string? Service { get; init; }

    public string? Node { get; init; }

    public ResetKind? Kind { get; init; }

    /// <summary>Part of an address with its port, or of the name of a pod, workload or Service.</summary>
    public string? Text { get; init; }

    /// <summary>Only what comes after this row in the list; null begins with the newest.</summary>
    public (long AtMs, string Id)? After { get; init; }

    /// <summary>Whether the list has a row, apart from its limit.</summary>
    public bool Matches(NamedReset reset)
    {
        ArgumentNullException.ThrowIfNull(reset);
        return (Namespace is null || reset.Service?.Namespace == Namespace)
            && (Service is null || reset.Service?.Name == Service || reset.Service?.ToString() == Service)
            && (Node is null || reset.Node == Node)
            && (Kind is null || reset.Kind == Kind)
            && (Text is null || reset.Contains(Text))
            && (After is not { } after || reset.AtMs < after.AtMs || (reset.AtMs == after.AtMs && string.CompareOrdinal(reset.Id, after.Id) > 0));
    }
}

/// <summary>The resets of a window.</summary>
/// <param name="Rows">Newest first.</param>
/// <param name="HasMore">There are more than the limit.</param>
/// <param name="Gaps">Of the window: resets may be missing there.</param>
/// <param name="MissingNodes">Nodes of the cluster without a collector, of those that were asked for: their resets are not known.</param>
/// <param name="SingleFromMs">Since when single resets are kept, if that is within the window: of the time before only their number is known.</param>
internal sealed record ResetWindow(long FromMs, long ToMs, IReadOnlyList<NamedReset> Rows, bool HasMore, IReadOnlyList<GapSpan> Gaps, IReadOnlyList<string> MissingNodes, long? SingleFromMs)
{
    /// <summary>There may have been more.</summary>
    public bool IsPartial => Gaps.Count > 0 || MissingNodes.Count > 0 || SingleFromMs is not null;
}
