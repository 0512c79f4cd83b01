using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Lifecycle.Evidence;

namespace ConntrackConsole.Lifecycle;

/// <summary>The deletion of a pod that its controller reported.</summary>
/// <param name="AtMs">The reported times: a repeated deletion of a pod of the same name is the same event, of which only the first and the last time are known.</param>
internal sealed record ReportedDeletion(OwnerRef Controller, IReadOnlyList<long> AtMs)
{
    // An event and the pod's deletion mark are stamped by different components.
    private const long SlackMs = 5_000;

    public string Name => $"{Controller.Kind} {Controller.Name}";

    /// <summary>
    /// The reported time that is nearest to a termination's deletion request. Pods of a StatefulSet reuse their names: for them it must match;
    /// if the request was not seen, it lies in a range.
    /// </summary>
    public long? TimeOf(PodTerminationTracker tracker)
    {
        ArgumentNullException.ThrowIfNull(tracker);
        bool reusesNames = (tracker.Pod?.Controller ?? Controller).Kind == nameof(WorkloadKind.StatefulSet);
        long requestedMs = tracker.DeletionRequestedMs;
        var range = tracker.IsWatched ? new TimeRange(requestedMs, requestedMs) : tracker.DeletionRequested;
        long? found = null;
        foreach (long at in AtMs)
        {
            bool isMatch = !reusesNames || (at > Math.Min(range.FromMs, requestedMs) - SlackMs && at < Math.Max(range.ToMs, requestedMs) + SlackMs);
            if (isMatch && (found is null || Math.Abs(at - requestedMs) < Math.Abs(found.Value - requestedMs)))
                found = at;
        }

        return found;
    }
}

/// <summary>
/// Indexes events about pod terminations, which may arrive before the pod watch reports them. Bounded by event time, oldest
/// dropped first: a list is ordered by name, not by time.
/// </summary>
internal sealed class PodEventIndex
{
    public const int Max = 20_000;

    private const int MaxTimes = 8;

    private readonly Dictionary<string, PodEvents> _byPod = [];
    private readonly PriorityQueue<string, long> _order = new();
    private readonly Dictionary<(string Namespace, string Pod), ReportedDeletion> _byController = [];
    private readonly PriorityQueue<(string, string), long> _controllerOrder = new();

    public PodEvents? Of(string podUid) => _byPod.GetValueOrDefault(podUid);

    /// <summary>Which controller reported deleting a pod of this name, and when.</summary>
    public ReportedDeletion? DeletedBy(string ns, string pod) => _byController.GetValueOrDefault((ns, pod));

    /// <returns>The uid of the pod it is about, or the name of the pod that a controller reported deleting; otherwise neither.</returns>
    public (string? Uid, string? Name) Follow(ObjectEvent reported)
    {
        if (reported.Reason == "SuccessfulDelete" && reported.InvolvedKind != "Pod")
        {
            if (DeletedPodName.Of(reported) is not { } pod)
                return default;
            AddDeletion((reported.Namespace, pod), reported);
            return (null, pod);
        }

        bool isRemoval = reported.Reason is "Evicted" or "Preempted" or "Preempting"
            // The taint manager uses the same reason to report a cancelled deletion.
            || (reported.Reason == "TaintManagerEviction" && reported.Message.StartsWith("Marking", StringComparison.Ordinal));
        if (reported.InvolvedKind != "Pod" || reported.InvolvedUid is not { } uid || !(isRemoval || reported.Reason is "Killing" or "FailedPreStopHook"))
            return default;
        if (!_byPod.TryGetValue(uid, out var events))
        {
            _byPod[uid] = events = new PodEvents();
            _order.Enqueue(uid, reported.AtMs);
            while (_order.Count > Max)
                _byPod.Remove(_order.Dequeue());
        }

        if (isRemoval)
            events.RemovalEvent ??= (reported.Reason, reported.Message, reported.AtMs);
        else if (reported.Reason == "Killing")
            events.AddKilling(reported);
        else
            events.PreStopFailure ??= reported.Message;
        return (uid, null);
    }

    private void AddDeletion((string, string) pod, ObjectEvent reported)
    {
        var known = _byController.GetValueOrDefault(pod);
        if (known is null)
            _controllerOrder.Enqueue(pod, reported.AtMs);
        // An older event may be listed later; it does not replace the controller.
        bool isNewest = known is null || known.AtMs.Max() <= reported.AtMs;
        var controller = isNewest ? new OwnerRef(reported.InvolvedKind, reported.InvolvedName, reported.InvolvedUid ?? "") : known!.Controller;
        var times = (known?.AtMs ?? []).Append(reported.FirstMs).Append(reported.AtMs).Distinct().Order().ToList();
        _byController[pod] = new ReportedDeletion(controller, times.Count > MaxTimes ? times[^MaxTimes..] : times);
        while (_controllerOrder.Count > Max)
            _byController.Remove(_controllerOrder.Dequeue());
    }
}
