using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Findings;

/// <summary>A finding of the rules with what users need to act on it. All times are by the console's clock.</summary>
/// <param name="Id">Stable: mechanism, subject and since when.</param>
/// <param name="EndedMs">When its condition ended within the window; null if it lasts, or if it is about events.</param>
internal sealed record ObservedFinding(string Id, FindingSubject Subject, Finding Finding, long? SinceMs, long? EndedMs)
{
    /// <summary>namespace/name of the pods that had the address.</summary>
    public IReadOnlyList<string> Pods { get; init; } = [];

    /// <summary>The nodes that hold its entries.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];

    public IReadOnlyList<AffectedClient> Clients { get; init; } = [];

    public long? UntilMs => Finding.UntilMs ?? EndedMs;

    public string Code => Finding.Mechanism.Code;

    /// <summary>The same finding over time, also when its first events have left the window.</summary>
    public (string, Ip, Cluster.Model.ServiceKey?) Identity => (Code, Subject.Backend, Subject.Service);
}

/// <param name="Pod">namespace/name; null if the address is not a pod's.</param>
/// <param name="Owner">Its workload, as Kind/name; null if it is not known.</param>
internal sealed record AffectedClient(Ip Address, string? Pod, string? Owner);

/// <summary>Why something that points to a mechanism is no finding.</summary>
/// <param name="Mechanisms">Those that are possible; empty if a whole source is missing.</param>
/// <param name="Missing">What is missing.</param>
internal sealed record InsufficientEvidence(FindingSubject? Subject, string Mechanisms, string Missing);

/// <summary>What is found in a window.</summary>
internal sealed record FindingReport(
    long FromMs, long ToMs, IReadOnlyList<ObservedFinding> Findings, IReadOnlyList<InsufficientEvidence> Insufficient, IReadOnlyList<ObservedFinding> Warnings)
{
    public static readonly FindingReport None = new(0, 0, [], [], []);

    /// <summary>Of stored frames: what they show besides the findings.</summary>
    public WindowObservation Observation { get; init; } = WindowObservation.None;
}
