using ConntrackConsole.Findings.Explanation;

namespace ConntrackConsole.Components.Controls.Findings;

/// <summary>The findings of one mechanism and one Service, as they are displayed.</summary>
/// <param name="Name">Such as "M3, no drain".</param>
/// <param name="EndedMs">When its condition ended; null if it lasts, or if it is about events.</param>
/// <param name="Share">How many of how many.</param>
/// <param name="Clients">By name; for connections that hang only the nodes are known.</param>
/// <param name="Evidence">The first of each of two independent classes.</param>
/// <param name="Flushes">The flushes that help now; empty if another step does.</param>
/// <param name="Helps">What helps, with its numbers.</param>
/// <param name="Href">Its page.</param>
public sealed record FindingCard(
    string Id, string Code, string Name, string Title, string Service, string Pods, long? SinceMs, long? EndedMs, string Share, string Clients,
    IReadOnlyList<string> Evidence, string Confidence, string RefutedBy, IReadOnlyList<FlushTarget> Flushes, string Helps, IReadOnlyList<string> Harmful,
    string Href);

/// <summary>A measured condition of a node, in one line.</summary>
/// <param name="Href">Its page.</param>
public sealed record WarningLine(string Text, string Href);

/// <summary>What the page shows above its chart.</summary>
/// <param name="Warnings">Measured conditions of nodes.</param>
/// <param name="Missing">What is missing to name a mechanism, or null.</param>
public sealed record FindingSummary(IReadOnlyList<FindingCard> Cards, IReadOnlyList<WarningLine> Warnings, string? Missing)
{
    /// <summary>Nothing to show.</summary>
    public bool IsEmpty => Cards.Count + Warnings.Count == 0 && Missing is null;
}
