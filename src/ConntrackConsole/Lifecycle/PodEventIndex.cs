using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Lifecycle;

/// <summary>What Event objects reported about a pod.</summary>
internal sealed class PodEvents
{
    private const int MaxKilling = 8;

    private readonly List<long> _killing = [];

    public string? PreStopFailure { get; set; }

    /// <summary>reason and message of an event that names what removes the pod.</summary>
    public (string Reason, string Message, long AtMs)? RemovalEvent { get; set; }

    /// <summary>The first event Killing that can belong to a deletion request: a failed liveness probe emits one too, for a restart.</summary>
    public long? KillingSince(long requestedMs) => _killing.Where(at => at >= requestedMs - 1_000).Select(at => (long?)at).Min();

    public void AddKilling(long atMs)
    {
        if (_killing.Contains(atMs))
            return;
        _killing.Add(atMs);
        if (_killing.Count > MaxKilling)
            _killing.RemoveAt(0);
    }
}

/// <summary>
/// Indexes events about pod terminations, which may arrive before the pod watch reports them. Bounded by event time, oldest
/// dropped first: a list is ordered by name, not by time.
/// </summary>
internal sealed class PodEventIndex
{
    public const int Max = 20_000;

    private const string Deleted = "Deleted pod: ";
    private const string DeletedBySet = "delete Pod ";

    private readonly Dictionary<string, PodEvents> _byPod = [];
    private readonly PriorityQueue<string, long> _order = new();
    private readonly Dictionary<(string Namespace, string Pod), (string Controller, long AtMs)> _byController = [];
    private readonly PriorityQueue<(string, string), long> _controllerOrder = new();

    public PodEvents? Of(string podUid) => _byPod.GetValueOrDefault(podUid);

    /// <summary>Which controller reported deleting a pod, and when.</summary>
    public (string Controller, long AtMs)? DeletedBy(string ns, string pod) =>
        _byController.TryGetValue((ns, pod), out var by) ? by : null;

    /// <returns>The uid of the pod it is about, or the name of the pod that a controller reported deleting; otherwise neither.</returns>
    public (string? Uid, string? Name) Follow(ObjectEvent reported)
    {
        if (reported.Reason == "SuccessfulDelete")
        {
            if (PodOf(reported.Message) is not { } pod)
                return default;
            bool known = _byController.TryGetValue((reported.Namespace, pod), out var former);
            // A StatefulSet deletes pods of the same name repeatedly.
            if (known && former.AtMs > reported.AtMs)
                return (null, pod);
            if (!known)
                _controllerOrder.Enqueue((reported.Namespace, pod), reported.AtMs);
            _byController[(reported.Namespace, pod)] = ($"{reported.InvolvedKind} {reported.InvolvedName}", reported.AtMs);
            while (_controllerOrder.Count > Max)
                _byController.Remove(_controllerOrder.Dequeue());
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
            events.AddKilling(reported.AtMs);
        else
            events.PreStopFailure ??= reported.Message;
        return (uid, null);
    }

    private static string? PodOf(string message)
    {
        if (message.StartsWith(Deleted, StringComparison.Ordinal))
            return message[Deleted.Length..].Trim();
        // Message of a StatefulSet: delete Pod web-0 in StatefulSet web successful.
        return message.StartsWith(DeletedBySet, StringComparison.Ordinal) ? message[DeletedBySet.Length..].Split(' ')[0] : null;
    }
}
