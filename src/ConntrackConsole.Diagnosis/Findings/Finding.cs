using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis.Findings;

/// <summary>How sure a finding is: how many independent classes of evidence agree.</summary>
internal enum Confidence
{
    /// <summary>A warning: a condition that was measured, not a cause that was inferred.</summary>
    Measured,
    /// <summary>Two classes, or three with a gap in the data.</summary>
    Moderate,
    /// <summary>Three classes or more.</summary>
    High,
}

/// <summary>What a finding counts. Counts of different units are not comparable.</summary>
internal enum ExplainedUnit
{
    /// <summary>Connections that a reset ended, or refused.</summary>
    Resets,
    /// <summary>Established connections that wait for an answer.</summary>
    HangingFlows,
    /// <summary>Attempts to connect.</summary>
    Attempts,
    /// <summary>Flows of UDP.</summary>
    UdpFlows,
    /// <summary>Connections of IPVS.</summary>
    IpvsConnections,
    /// <summary>Packets.</summary>
    Packets,
    /// <summary>Nothing to count: a warning, or a node that has no entries.</summary>
    Nothing,
}

/// <summary>What a finding explains.</summary>
/// <param name="Count">Number of what it explains.</param>
/// <param name="Whole">Number of all of that unit in the evidence; at least the sum of <paramref name="Count"/> over all findings.</param>
/// <param name="Text">For users, such as "3 un-NATed resets".</param>
internal readonly record struct ExplainedShare(ExplainedUnit Unit, int Count, int Whole, string Text)
{
    public static readonly ExplainedShare Nothing = new(ExplainedUnit.Nothing, 0, 0, "");

    /// <summary>Part of the whole, 0 to 1; null if there is nothing to count.</summary>
    public double? Share => Whole > 0 ? (double)Count / Whole : null;
}

/// <summary>A mechanism that at least two independent classes of evidence support, or a warning.</summary>
internal sealed record Finding
{
    public required Mechanism Mechanism { get; init; }

    public required DiagnosisSubject Subject { get; init; }

    /// <summary>First and last time of what it explains, milliseconds of Unix time; null = unknown.</summary>
    public long? SinceMs { get; init; }

    public long? UntilMs { get; init; }

    public required ExplainedShare Explains { get; init; }

    public required Confidence Confidence { get; init; }

    public required IReadOnlyList<EvidenceItem> Evidence { get; init; }

    public required string RefutedBy { get; init; }

    /// <summary>Gaps in the data that weaken it.</summary>
    public IReadOnlyList<Gap> Gaps { get; init; } = [];

    /// <summary>What helps, for users; the same as <see cref="Remedies"/> and more.</summary>
    public required string Helps { get; init; }

    public required IReadOnlyList<Remedy> Remedies { get; init; }

    public required IReadOnlyList<HarmfulRemedy> Harmful { get; init; }
}
