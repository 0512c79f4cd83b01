using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Lifecycle;

/// <summary>What Event objects said about a pod.</summary>
internal sealed class PodEvents
{
    private const int MaxKilling = 8;

    private readonly List<long> _killing = [];

    public string? PreStopFailure { get; set; }

    /// <summary>reason and message of an event that says who takes the pod away.</summary>
    public (string Reason, string Message, long AtMs)? Taken { get; set; }

    /// <summary>The first event Killing that can belong to an end asked for at a moment: a failed liveness probe writes one too, for a restart.</summary>
    public long? KillingSince(long askedMs) => _killing.Where(at => at >= askedMs - 1_000).Select(at => (long?)at).Min();

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
/// Events about pods' ends, which may come before the pods' own watch speaks. Bounded, those of the oldest events first
/// forgotten: a list has them in the order of their names.
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

    /// <summary>Which controller said that it deleted a pod, and when.</summary>
    public (string Controller, long AtMs)? DeletedBy(string ns, string pod) =>
        _byController.TryGetValue((ns, pod), out var by) ? by : null;

    /// <returns>The pod that it is about: its uid, or its name where a controller says that it deleted it; else nothing.</returns>
    public (string? Uid, string? Name) Follow(ObjectEvent told)
    {
        if (told.Reason == "SuccessfulDelete")
        {
            if (PodOf(told.Message) is not { } pod)
                return default;
            bool known = _byController.TryGetValue((told.Namespace, pod), out var former);
            // A StatefulSet deletes a pod of the same name again and again.
            if (known && former.AtMs > told.AtMs)
                return (null, pod);
            if (!known)
                _controllerOrder.Enqueue((told.Namespace, pod), told.AtMs);
            _byController[(told.Namespace, pod)] = ($"{told.InvolvedKind} {told.InvolvedName}", told.AtMs);
            while (_controllerOrder.Count > Max)
                _byController.Remove(_controllerOrder.Dequeue());
            return (null, pod);
        }

        bool takes = told.Reason is "Evicted" or "Preempted" or "Preempting"
            // The taint manager says with the same reason that it changed its mind.
            || (told.Reason == "TaintManagerEviction" && told.Message.StartsWith("Marking", StringComparison.Ordinal));
        if (told.InvolvedKind != "Pod" || told.InvolvedUid is not { } uid || !(takes || told.Reason is "Killing" or "FailedPreStopHook"))
            return default;
        if (!_byPod.TryGetValue(uid, out var notes))
        {
            _byPod[uid] = notes = new PodEvents();
            _order.Enqueue(uid, told.AtMs);
            while (_order.Count > Max)
                _byPod.Remove(_order.Dequeue());
        }

        if (takes)
            notes.Taken ??= (told.Reason, told.Message, told.AtMs);
        else if (told.Reason == "Killing")
            notes.AddKilling(told.AtMs);
        else
            notes.PreStopFailure ??= told.Message;
        return (uid, null);
    }

    private static string? PodOf(string message)
    {
        if (message.StartsWith(Deleted, StringComparison.Ordinal))
            return message[Deleted.Length..].Trim();
        // A StatefulSet says: delete Pod web-0 in StatefulSet web successful.
        return message.StartsWith(DeletedBySet, StringComparison.Ordinal) ? message[DeletedBySet.Length..].Split(' ')[0] : null;
    }
}
