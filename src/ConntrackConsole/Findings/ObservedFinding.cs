using System.Globalization;
using System.Security.Cryptography;
using System.Text;
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

    /// <summary>One of the flows, for the drawing of its path.</summary>
    public ObservedFlow Flow { get; init; } = ObservedFlow.Unknown;

    public long? UntilMs => Finding.UntilMs ?? EndedMs;

    public string Code => Finding.Mechanism.Code;

    /// <summary>The same finding over time, also when its first events have left the window.</summary>
    public FindingIdentity Identity => new(Code, Subject.Identity);
}

/// <summary>What makes two findings of different moments the same.</summary>
/// <param name="Subject">As <see cref="FindingSubject.Identity"/>.</param>
internal readonly record struct FindingIdentity(string Code, FindingSubject Subject);

/// <summary>One flow of those that a finding is about, as far as it is known: who sends, which node translates, and where it should arrive.</summary>
internal sealed record ObservedFlow
{
    public static readonly ObservedFlow Unknown = new();

    /// <summary>A client; none for connections that hang, which nodes count only.</summary>
    public Ip Client { get; init; }

    public ushort ClientPort { get; init; }

    /// <summary>namespace/name; null if the client is unknown or no pod.</summary>
    public string? ClientPod { get; init; }

    public string? ClientNode { get; init; }

    /// <summary>The node with the flow's entry; null if several have entries and the client's is unknown.</summary>
    public string? TranslatingNode { get; init; }

    /// <summary>The port behind the Service; 0 = unknown.</summary>
    public ushort BackendPort { get; init; }

    /// <summary>The node of the backend; null if it is unknown.</summary>
    public string? BackendNode { get; init; }

    /// <summary>That node does not report any more.</summary>
    public bool IsBackendNodeLost { get; init; }

    /// <summary>Another pod has the backend's address now: namespace/name.</summary>
    public string? NewOwner { get; init; }

    /// <summary>The workloads of the backend's pods, as Kind/name.</summary>
    public IReadOnlyList<string> Workloads { get; init; } = [];
}

/// <param name="Pod">namespace/name; null if the address is not a pod's.</param>
/// <param name="Owner">Its workload, as Kind/name; null if it is not known.</param>
internal sealed record AffectedClient(Ip Address, string? Pod, string? Owner);

/// <summary>Why something that points to a mechanism is no finding.</summary>
/// <param name="Mechanisms">Those that are possible; empty if a whole source is missing.</param>
/// <param name="Missing">What is missing.</param>
internal sealed record InsufficientEvidence(FindingSubject? Subject, string Mechanisms, string Missing)
{
    /// <summary>It is about an interval in which a node was not observed.</summary>
    public bool IsGap { get; init; }
}

/// <summary>What is found in a window.</summary>
internal sealed record FindingReport(
    long FromMs, long ToMs, IReadOnlyList<ObservedFinding> Findings, IReadOnlyList<InsufficientEvidence> Insufficient, IReadOnlyList<ObservedFinding> Warnings)
{
    public static readonly FindingReport None = new(0, 0, [], [], []);

    /// <summary>Of stored frames: what they show besides the findings.</summary>
    public WindowObservation Observation { get; init; } = WindowObservation.None;
}

/// <summary>Ids of findings: the same finding has the same id in memory, over stored data and after a restart.</summary>
internal static class FindingId
{
    /// <summary>Every id begins with it.</summary>
    public const string Prefix = "finding-";

    private const int Length = 20;

    public static string Of(string code, FindingSubject subject, long? sinceMs, string scope = "")
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{code}\n{subject.Service}\n{subject.Identity.Address}\n{subject.Backend}\n{scope}\n{sinceMs ?? 0}");
        return Prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..Length];
    }
}
