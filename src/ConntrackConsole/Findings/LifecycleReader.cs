using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings;

/// <summary>What the cluster's objects show of an address as of a moment.</summary>
/// <param name="Pods">namespace/name of the pods that had it, oldest first.</param>
/// <param name="GoneMs">Since when no live pod has it; null if one has it, or if it is not known.</param>
/// <param name="NewOwnerSinceMs">Since when another pod has it; null if none has.</param>
internal sealed record SubjectLifecycle(Source<LifecycleEvidence> Evidence, IReadOnlyList<string> Pods, long? GoneMs, long? NewOwnerSinceMs)
{
    /// <summary>The end of that pod; null if it is not known to end.</summary>
    public Termination? Pod { get; init; }

    /// <summary>The node of the pod that the lifecycle is about.</summary>
    public string? Node { get; init; }
}

/// <summary>Reads terminations, owners and endpoints of one subject.</summary>
internal static class LifecycleReader
{
    // Before the window: entries outlive their pods.
    private const long LookbackMs = 3_600_000;

    public static SubjectLifecycle Read(FindingWindow window, FindingSubject subject, long atMs)
    {
        var history = window.History;
        int? ready = subject.Service is { } key ? window.ReadyEndpoints(key) : null;
        if (subject.Backend.IsNone)
        {
            return new SubjectLifecycle(
                new LifecycleEvidence
                {
                    ReadyEndpoints = ready, NoEndpointSinceMs = ready == 0 ? history.LastReadyUntil(subject.Service!.Value, atMs) : null,
                    ServiceEnded = ready is null && subject.Service is { } ended && history.LastServiceEnd(ended, atMs) is { } endMs && FindingWindow.ReadyAt(history, endMs - 1)(ended) is not null,
                }, [], null, null);
        }

        if (history.IsUnwatched(atMs))
            return Missing("the console has not listed the cluster since its start");
        var (state, holder) = history.HolderAt(subject.Backend, atMs);
        var owners = Owners(history, subject.Backend, window.FromMs - LookbackMs, atMs);
        if (state == OwnerState.Node)
            return new SubjectLifecycle(new LifecycleEvidence { HostNetwork = true, ReadyEndpoints = ready }, [], null, null);
        if (owners.Count == 0)
            return Missing(state == OwnerState.Service ? "it is a Service's address" : $"no pod is known to have had {subject.Backend}");

        bool isHeld = state is OwnerState.Live or OwnerState.Terminating or OwnerState.Lost;
        var last = owners[^1];
        bool ends = window.Terminations.TryGetValue(last.PodUid, out var ending) && ending.DeletionRequestedMs <= atMs;
        // A live pod at the address of a former one: what ended is the former one.
        bool isReused = isHeld && owners.Count > 1 && !ends;
        var pod = isReused ? owners[^2] : last;
        var termination = window.Terminations.GetValueOrDefault(pod.PodUid);
        bool isUnproven = state == OwnerState.Lost && holder!.Unseen.HasFlag(Unseen.Life);
        long? reusedMs = isReused ? last.FromMs : null;
        var evidence = new LifecycleEvidence
        {
            DeletionRequestedMs = termination?.DeletionRequestedMs,
            GraceSeconds = termination?.GraceSeconds,
            FinishedMs = termination?.ContainerFinishedMs,
            ExitCode = termination?.ExitCode,
            EndpointRemovedMs = EndpointRemovedMs(history, subject, pod.PodUid, reusedMs ?? atMs, atMs) ?? termination?.EndpointRemovedMs,
            DeletedMs = termination?.DeletedMs,
            HasLiveOwner = isUnproven ? null : state is OwnerState.Live or OwnerState.Terminating ? true : state is OwnerState.Gone or OwnerState.Lost ? false : null,
            NewOwner = isReused ? new Diagnosis.Facts.AddressOwner(last.FullName, last.Unseen.HasFlag(Unseen.Begin) ? null : last.FromMs, IsInService(history, subject, last.PodUid, atMs)) : null,
            NodeLost = state == OwnerState.Lost && !isUnproven,
            ReadyEndpoints = ready,
            NoSuccessor = !isReused && pod.Node is { Length: > 0 } node && window.AwaitsAddress?.Invoke(node) == false,
        };
        long? goneMs = state == OwnerState.Gone ? holder!.ToMs : state == OwnerState.Lost && !isUnproven ? holder!.FromMs : null;
        return new SubjectLifecycle(evidence, [.. isReused ? [pod.FullName, last.FullName] : new[] { pod.FullName }], goneMs, reusedMs) { Node = pod.Node, Pod = termination };
    }

    private static SubjectLifecycle Missing(string why) => new(Source<LifecycleEvidence>.Missing(why), [], null, null);

    // One span for each pod, from its first to its last state.
    private static List<OwnerSpan> Owners(OwnershipHistory history, Ip ip, long fromMs, long atMs)
    {
        var owners = new List<OwnerSpan>();
        foreach (var span in history.OwnersWithin(ip, fromMs, atMs))
        {
            if (owners.Count > 0 && owners[^1].PodUid == span.PodUid)
                owners[^1] = owners[^1] with { ToMs = span.ToMs, State = span.State };
            else
                owners.Add(span);
        }

        // No pod has had it since long before the window: its last owner.
        if (owners.Count == 0 && history.HolderAt(ip, atMs) is { State: OwnerState.Gone, Span: { } former })
            owners.Add(former);
        return owners;
    }

    private static long? EndpointRemovedMs(OwnershipHistory history, FindingSubject subject, string podUid, long untilMs, long atMs) =>
        subject.Service is { } service && history.LastEndpointUntil(service, subject.Backend, untilMs) is { ToMs: { } removedMs } endpoint
        && removedMs <= atMs && (endpoint.PodUid is null || endpoint.PodUid == podUid) ? removedMs : null;

    private static bool? IsInService(OwnershipHistory history, FindingSubject subject, string podUid, long atMs)
    {
        if (subject.Service is not { } service || !history.KnowsSlices)
            return null;
        return history.LastEndpointUntil(service, subject.Backend, atMs)?.PodUid == podUid
            || (subject.Address is { } address && history.WasBackend(address.Proto, address.Ip, address.Port, subject.Backend, podUid, atMs));
    }
}
