using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Ownership;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings;

/// <summary>Chooses the flow by which a finding is explained: the first reset of its kind, or what its groups of entries show.</summary>
internal static class SampleFlowReader
{
    // Before the window: entries outlive their pods.
    private const long LookbackMs = 3_600_000;

    /// <param name="explains">Whether the finding is about resets of a kind.</param>
    public static ObservedFlow Read(FindingWindow window, SubjectEvidence evidence, Func<ResetKind, bool> explains)
    {
        var records = evidence.Records;
        var backend = records.Subject.Backend;
        var life = evidence.Evidence.Lifecycle.Value;
        var flow = Sample(window, records, explains) with
        {
            IsBackendNodeLost = life?.NodeLost == true,
            NewOwner = life?.NewOwner?.Name,
        };
        var nodes = records.Nodes.Select(node => node.Head.Name).ToList();
        flow = flow with { TranslatingNode = flow.ClientNode is { } near && nodes.Contains(near) ? near : nodes.Count == 1 ? nodes[0] : null };
        if (backend.IsNone)
            return flow;
        var owners = Owners(window.History, backend, window.FromMs - LookbackMs, window.ToMs);
        return flow with
        {
            BackendNode = owners.Count > 0 && owners[^1].Node.Length > 0 ? owners[^1].Node : null,
            Workloads = [.. owners.Where(owner => evidence.Pods.Contains(owner.FullName)).Select(owner => window.WorkloadOfPod(owner.PodUid)).OfType<string>().Distinct(StringComparer.Ordinal)],
        };
    }

    private static ObservedFlow Sample(FindingWindow window, SubjectRecords records, Func<ResetKind, bool> explains)
    {
        Reset reset = default;
        foreach (var (_, other) in records.Resets)
        {
            // The first one, whatever the order in which the nodes reported.
            if (explains(other.Kind) && (reset.AtMs == 0 || (other.AtMs, other.Src, other.Sport).CompareTo((reset.AtMs, reset.Src, reset.Sport)) < 0))
                reset = other;
        }

        if (reset.AtMs == 0)
            return new ObservedFlow { BackendPort = records.Groups.Select(group => group.Key.Bport).FirstOrDefault() };
        var (client, port) = reset.Kind == ResetKind.UnNated ? (reset.Src, reset.Sport) : (reset.Dst, reset.Dport);
        var owner = window.History.OwnerAt(client, reset.AtMs);
        return new ObservedFlow
        {
            Client = client, ClientPort = port, ClientPod = owner?.FullName, ClientNode = owner is { Node.Length: > 0 } ? owner.Node : null,
            BackendPort = reset.Bport,
        };
    }

    private static IReadOnlyList<OwnerSpan> Owners(OwnershipHistory history, Ip ip, long fromMs, long toMs)
    {
        var owners = history.OwnersWithin(ip, fromMs, toMs);
        return owners.Count > 0 ? owners : history.HolderAt(ip, toMs) is { Span: { } former } ? [former] : [];
    }
}
