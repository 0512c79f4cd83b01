using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Lifecycle;

/// <summary>The end of one pod as it becomes known: what each watch told, kept apart, and the record made of it.</summary>
internal sealed class PodTerminationTracker
{
    /// <summary>What an earlier run of the console saved of it.</summary>
    private readonly Termination? _saved;

    private long? _deletedMs;
    private long? _reusedMs;
    private string? _reusedBy;
    private TimeRange? _unwatched;
    private long? _leftMs;
    private ServiceKey? _serves;
    private bool _begun;
    private bool _askedByArrival;
    private bool _askedByEvent;

    public PodTerminationTracker(PodInfo pod, long seenMs)
    {
        Pod = pod;
        SeenMs = seenMs;
        AskedMs = seenMs;
        Uid = pod.Uid;
        Told = Blank(pod, seenMs);
    }

    public PodTerminationTracker(Termination saved)
    {
        _saved = saved;
        Told = saved;
        Uid = saved.Uid;
        AskedMs = saved.AskedMs;
        SeenMs = saved.AskedMs;
        GraceSeconds = saved.GraceSeconds;
        (_deletedMs, _reusedMs, _reusedBy, _unwatched) = (saved.DeletedMs, saved.IpReusedMs, saved.IpReusedBy, saved.Unwatched);
        Watched = false;
    }

    public string Uid { get; }

    /// <summary>The pod as it was last seen; null while only an earlier run saw it.</summary>
    public PodInfo? Pod { get; private set; }

    /// <summary>When its end was first seen, by our clock.</summary>
    public long SeenMs { get; }

    public long AskedMs { get; private set; }

    public int? GraceSeconds { get; private set; }

    /// <summary>Its begin was seen as it happened.</summary>
    public bool Watched { get; private set; } = true;

    /// <summary>When it was asked, in the time of what its workload did: a stretch where nobody watched.</summary>
    public TimeRange Asked => Watched ? new TimeRange(SeenMs, SeenMs)
        : new TimeRange(_askedByArrival && !_askedByEvent ? _unwatched?.FromMs ?? SeenMs : AskedMs, SeenMs);

    public bool Forced { get; private set; }

    public bool EndedFirst { get; private set; }

    public bool IsDeleted => _deletedMs is not null;

    /// <summary>Whether a cause that is read now may take the place of what is known.</summary>
    public bool Accepts(TerminationCause cause) => _saved is null
        || _saved.Cause == TerminationCause.Unknown
        || (_saved.Cause == TerminationCause.ByHand && cause != TerminationCause.Unknown);

    public Termination Told { get; private set; }

    /// <summary>What its pod's own watch says.</summary>
    /// <param name="listed">It comes from a list, or from the absence in one.</param>
    public void See(PodInfo pod, bool deleted, long nowMs, TimeRange? listed)
    {
        if (!_begun)
            Begin(pod, nowMs, listed);
        _begun = true;
        Pod = pod;
        if (deleted && _deletedMs is null)
        {
            _deletedMs = nowMs;
            Arrived(nowMs, listed);
        }
    }

    public void Reused(string by, long nowMs, TimeRange? listed)
    {
        if (_reusedMs is not null)
            return;
        (_reusedMs, _reusedBy) = (nowMs, by);
        Arrived(nowMs, listed);
    }

    /// <summary>An instant that only its arrival tells came out of a list: it lies between what was known before and now.</summary>
    public void Arrived(long nowMs, TimeRange? listed)
    {
        if (listed is not { } blind)
            return;
        long known = _unwatched?.FromMs ?? Math.Max(blind.FromMs, LastKnown());
        _unwatched = new TimeRange(Math.Min(known, nowMs), Math.Max(nowMs, _unwatched?.ToMs ?? 0));
    }

    /// <summary>It went while nobody watched, and is in no list any more.</summary>
    public void Missed(long nowMs, TimeRange listed)
    {
        _deletedMs ??= nowMs;
        Arrived(nowMs, listed);
        Told = Told with { DeletedMs = _deletedMs, Unwatched = _unwatched };
    }

    /// <summary>Its endpoint is in no slice any more; when it left was not seen.</summary>
    public void MissedEndpoint(long nowMs, TimeRange listed)
    {
        _leftMs = nowMs;
        Arrived(nowMs, listed);
        Told = Told with { EndpointRemovedMs = nowMs, Unwatched = _unwatched };
    }

    /// <summary>The record made anew of all that is known.</summary>
    /// <param name="deletedByMs">When a controller said that it deleted the pod.</param>
    public void Retell(EndpointTransition? endpoint, PodEvents? notes, OwnerRef? workload, long? deletedByMs)
    {
        // The slices may have been listed before anything else told of this end.
        if (endpoint?.Unwatched is { } blind)
            Arrived(blind.ToMs, blind);
        if (Pod is not { } pod)
        {
            // Of an earlier run: only what is new is added to what was saved.
            Told = Told with
            {
                EndpointNotReadyMs = Told.EndpointNotReadyMs ?? endpoint?.NotReadyMs,
                EndpointTerminatingMs = Told.EndpointTerminatingMs ?? endpoint?.TerminatingMs,
                EndpointRemovedMs = endpoint is null ? _leftMs ?? _saved?.EndpointRemovedMs : endpoint.RemovedMs,
                StopSignalMs = Told.StopSignalMs ?? notes?.KillingSince(AskedMs),
                PreStopFailure = Told.PreStopFailure ?? notes?.PreStopFailure,
                IpReusedMs = _reusedMs, IpReusedBy = _reusedBy, DeletedMs = _deletedMs, Unwatched = _unwatched,
            };
            return;
        }

        // Where the object does not say when it was asked, an event may.
        if (_askedByArrival && notes?.KillingSince(_unwatched?.FromMs ?? SeenMs - 5_000) is { } said)
            (AskedMs, _askedByEvent) = (Math.Min(AskedMs, said), true);
        if (_askedByArrival && deletedByMs is { } byMs)
            (AskedMs, _askedByEvent) = (Math.Min(AskedMs, byMs), true);
        if (EndedFirst && notes?.Taken is { } taken)
            AskedMs = Math.Min(AskedMs, taken.AtMs);
        long? killing = notes?.KillingSince(AskedMs);
        bool finished = pod.ContainersEnded || (IsDeleted && !Forced);
        Told = Told with
        {
            PodIp = Told.PodIp.IsNone ? pod.Ip : Told.PodIp,
            Node = Told.Node.Length == 0 ? pod.Node : Told.Node,
            AskedMs = AskedMs,
            Service = _saved?.Service ?? endpoint?.Service ?? _serves,
            EndpointNotReadyMs = _saved?.EndpointNotReadyMs ?? endpoint?.NotReadyMs,
            EndpointTerminatingMs = _saved?.EndpointTerminatingMs ?? endpoint?.TerminatingMs,
            EndpointRemovedMs = endpoint is null ? _leftMs ?? _saved?.EndpointRemovedMs : endpoint.RemovedMs,
            ContainerFinishedMs = finished ? pod.FinishedMs ?? Told.ContainerFinishedMs : Told.ContainerFinishedMs,
            ExitCode = finished ? pod.ExitCode ?? Told.ExitCode : Told.ExitCode,
            ExitSignal = finished ? pod.ExitSignal ?? Told.ExitSignal : Told.ExitSignal,
            ExitReason = finished ? pod.ExitReason ?? Told.ExitReason : Told.ExitReason,
            DeletedMs = _deletedMs,
            GraceSeconds = GraceSeconds,
            HasPreStop = pod.HasPreStop,
            StopSignalMs = _saved?.StopSignalMs ?? killing,
            PreStopFailure = _saved?.PreStopFailure ?? notes?.PreStopFailure,
            Workload = workload ?? Told.Workload,
            IpReusedMs = _reusedMs,
            IpReusedBy = _reusedBy,
            Unwatched = _unwatched,
        };
    }

    /// <summary>Slices name it for a Service; they have not said yet that it goes.</summary>
    public void Serves(ServiceKey? service) => _serves ??= service;

    /// <summary>The workloads under which it is kept.</summary>
    public List<string> Owners { get; } = [];

    /// <summary>It was this set's pod: nothing but its name told so.</summary>
    public void Adopt(WorkloadInfo set) => Pod = Pod! with
    {
        Controller = new OwnerRef(nameof(WorkloadKind.ReplicaSet), set.Name, set.Uid), TemplateHash = set.TemplateHash,
    };

    public void Because(TerminationCause cause, string evidence, string? rolloutId) =>
        Told = Told with { Cause = cause, Evidence = evidence, RolloutId = rolloutId };

    private void Begin(PodInfo pod, long nowMs, TimeRange? listed)
    {
        if (_saved is not null)
        {
            EndedFirst = _saved.Cause is TerminationCause.Completion or TerminationCause.Failed or TerminationCause.OutOfMemory;
            return;
        }

        bool restarts = pod.Controller?.Kind is nameof(WorkloadKind.ReplicaSet) or nameof(WorkloadKind.StatefulSet) or nameof(WorkloadKind.DaemonSet);
        // With a controller that starts containers again only a deletion ends them, and the final one is stamped after their end.
        EndedFirst = pod.ContainersEnded && (pod.AskedMs is null || (!restarts && pod.FinishedMs < pod.AskedMs));
        // The kubelet's last deletion, with grace 0, takes the place of the first: what was asked then is not told any more.
        bool overwritten = listed is not null && !EndedFirst && pod is { ContainersEnded: true, DeletionGraceSeconds: 0, GraceSeconds: not 0 };
        GraceSeconds = EndedFirst || overwritten ? null : pod.DeletionGraceSeconds;
        long? asked = EndedFirst ? pod.FinishedMs : overwritten ? null : pod.AskedMs;
        AskedMs = asked ?? nowMs;
        Watched = listed is null;
        // A pod without a node is taken away at once, whatever was asked.
        Forced = !EndedFirst && pod is { DeletionMs: not null, DeletionGraceSeconds: 0, ContainersEnded: false, GraceSeconds: not 0 } && pod.Node.Length > 0;
        _askedByArrival = asked is null;
        if (_askedByArrival)
            Arrived(nowMs, listed);
    }

    private long LastKnown() => _saved is null
        ? 0
        : new[] { _saved.AskedMs, _saved.EndpointNotReadyMs, _saved.EndpointTerminatingMs, _saved.EndpointRemovedMs, _saved.DeletedMs, _saved.StopSignalMs }.Max() ?? 0;

    private static Termination Blank(PodInfo pod, long nowMs) => new(
        pod.Uid, pod.Namespace, pod.Name, pod.Ip, pod.Node, null, pod.AskedMs ?? nowMs, null, null, null, null, null);
}
