using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle.Evidence;

namespace ConntrackConsole.Lifecycle;

/// <summary>Tracks the termination of one pod: keeps what each watch reported separately, and builds the record from it.</summary>
internal sealed class PodTerminationTracker
{
    /// <summary>The record saved by an earlier run of the console.</summary>
    private readonly Termination? _saved;

    private long? _deletedMs;
    private long? _reusedMs;
    private string? _reusedBy;
    private TimeRange? _unwatched;
    private long? _endpointGoneMs;
    private ServiceKey? _service;
    private bool _isStarted;
    private bool _requestTimeIsArrival;
    private bool _requestTimeIsEvent;

    public PodTerminationTracker(PodInfo pod, long seenMs)
    {
        Pod = pod;
        SeenMs = seenMs;
        DeletionRequestedMs = seenMs;
        Uid = pod.Uid;
        Record = Blank(pod, seenMs);
    }

    public PodTerminationTracker(Termination saved)
    {
        _saved = saved;
        Record = saved;
        Uid = saved.Uid;
        DeletionRequestedMs = saved.DeletionRequestedMs;
        SeenMs = saved.DeletionRequestedMs;
        GraceSeconds = saved.GraceSeconds;
        (_deletedMs, _reusedMs, _reusedBy, _unwatched) = (saved.DeletedMs, saved.IpReusedMs, saved.IpReusedBy, saved.Unwatched);
        IsWatched = false;
    }

    public string Uid { get; }

    /// <summary>An earlier run has seen its end.</summary>
    public bool IsRestored => _saved is not null;

    /// <summary>The pod as last seen; null while only an earlier run has seen it.</summary>
    public PodInfo? Pod { get; private set; }

    /// <summary>When its end was first seen, by the console's clock.</summary>
    public long SeenMs { get; }

    public long DeletionRequestedMs { get; private set; }

    public int? GraceSeconds { get; private set; }

    /// <summary>The start of the termination was observed live.</summary>
    public bool IsWatched { get; private set; } = true;

    /// <summary>When its deletion was requested, on the clock of the workload changes: a range if the console was not watching.</summary>
    public TimeRange DeletionRequested => IsWatched ? new TimeRange(SeenMs, SeenMs)
        : new TimeRange(_requestTimeIsArrival && !_requestTimeIsEvent ? _unwatched?.FromMs ?? SeenMs : DeletionRequestedMs, SeenMs);

    public bool IsForced { get; private set; }

    public bool HasEndedFirst { get; private set; }

    public bool IsDeleted => _deletedMs is not null;

    /// <summary>Whether a newly classified cause may replace the saved one.</summary>
    public bool CanSetCause(TerminationCause cause) => _saved is null
        || _saved.Cause == TerminationCause.Unknown
        || (_saved.Cause == TerminationCause.ByHand && cause != TerminationCause.Unknown);

    public Termination Record { get; private set; }

    /// <summary>Applies what the pod watch reported.</summary>
    /// <param name="listed">Set if the state comes from a list, or from the pod's absence in one.</param>
    public void Observe(PodInfo pod, bool deleted, long nowMs, TimeRange? listed)
    {
        if (!_isStarted)
            Start(pod, nowMs, listed);
        _isStarted = true;
        Pod = pod;
        if (deleted && _deletedMs is null)
        {
            _deletedMs = nowMs;
            ExtendUnwatched(nowMs, listed);
        }
    }

    public void SetIpReused(string by, long nowMs, TimeRange? listed)
    {
        if (_reusedMs is not null)
            return;
        (_reusedMs, _reusedBy) = (nowMs, by);
        ExtendUnwatched(nowMs, listed);
    }

    /// <summary>Records that a time known only by its arrival came from a list: it lies between the last known time and now.</summary>
    public void ExtendUnwatched(long nowMs, TimeRange? listed)
    {
        if (listed is not { } unwatched)
            return;
        long known = _unwatched?.FromMs ?? Math.Max(unwatched.FromMs, LastKnown());
        _unwatched = new TimeRange(Math.Min(known, nowMs), Math.Max(nowMs, _unwatched?.ToMs ?? 0));
    }

    /// <summary>The pod was deleted while the console was not watching, and is absent from the list.</summary>
    public void MarkDeletedUnwatched(long nowMs, TimeRange listed)
    {
        _deletedMs ??= nowMs;
        ExtendUnwatched(nowMs, listed);
        Record = Record with { DeletedMs = _deletedMs, Unwatched = _unwatched };
    }

    /// <summary>No slice contains its endpoint any more; its removal was not observed.</summary>
    public void MarkEndpointRemovedUnwatched(long nowMs, TimeRange listed)
    {
        _endpointGoneMs = nowMs;
        ExtendUnwatched(nowMs, listed);
        Record = Record with { EndpointRemovedMs = nowMs, Unwatched = _unwatched };
    }

    /// <summary>Rebuilds the record from everything that is known.</summary>
    /// <param name="deletedByMs">When a controller reported deleting the pod.</param>
    public void Rebuild(EndpointTransition? endpoint, PodEvents? events, OwnerRef? workload, long? deletedByMs)
    {
        // The slices may have been listed before anything else reported this termination.
        if (endpoint?.Unwatched is { } unwatched)
            ExtendUnwatched(unwatched.ToMs, unwatched);
        if (Pod is not { } pod)
        {
            // From an earlier run: only add what is new to what was saved.
            Record = Record with
            {
                EndpointNotReadyMs = Record.EndpointNotReadyMs ?? endpoint?.NotReadyMs,
                EndpointTerminatingMs = Record.EndpointTerminatingMs ?? endpoint?.TerminatingMs,
                EndpointRemovedMs = endpoint is null ? _endpointGoneMs ?? _saved?.EndpointRemovedMs : endpoint.RemovedMs,
                SigtermSentMs = Record.SigtermSentMs ?? events?.KillingSince(DeletionRequestedMs),
                PreStopFailure = Record.PreStopFailure ?? events?.PreStopFailure,
                IpReusedMs = _reusedMs, IpReusedBy = _reusedBy, DeletedMs = _deletedMs, Unwatched = _unwatched,
            };
            return;
        }

        // If the object does not contain the time of the deletion request, an event may.
        if (_requestTimeIsArrival && events?.KillingSince(_unwatched?.FromMs ?? SeenMs - 5_000) is { } killingMs)
            (DeletionRequestedMs, _requestTimeIsEvent) = (Math.Min(DeletionRequestedMs, killingMs), true);
        if (_requestTimeIsArrival && deletedByMs is { } controllerMs)
            (DeletionRequestedMs, _requestTimeIsEvent) = (Math.Min(DeletionRequestedMs, controllerMs), true);
        if (HasEndedFirst && events?.RemovalEvent is { } removal)
            DeletionRequestedMs = Math.Min(DeletionRequestedMs, removal.AtMs);
        // Kubelets before 1.26 set no condition when they begin to stop a pod.
        if (HasEndedFirst && TerminationCauseClassifier.IsOfKubelet(pod.End?.Reason) && events?.LastKillingUntil(DeletionRequestedMs) is { } beganMs)
            DeletionRequestedMs = Math.Min(DeletionRequestedMs, beganMs);
        long? killing = events?.KillingSince(DeletionRequestedMs);
        bool isFinished = pod.ContainersEnded || (IsDeleted && !IsForced);
        Record = Record with
        {
            PodIp = Record.PodIp.IsNone ? pod.Ip : Record.PodIp,
            Node = Record.Node.Length == 0 ? pod.Node : Record.Node,
            DeletionRequestedMs = DeletionRequestedMs,
            Service = _saved?.Service ?? endpoint?.Service ?? _service,
            EndpointNotReadyMs = _saved?.EndpointNotReadyMs ?? endpoint?.NotReadyMs,
            EndpointTerminatingMs = _saved?.EndpointTerminatingMs ?? endpoint?.TerminatingMs,
            EndpointRemovedMs = endpoint is null ? _endpointGoneMs ?? _saved?.EndpointRemovedMs : endpoint.RemovedMs,
            ContainerFinishedMs = isFinished ? pod.FinishedMs ?? Record.ContainerFinishedMs : Record.ContainerFinishedMs,
            ExitCode = isFinished ? pod.ExitCode ?? Record.ExitCode : Record.ExitCode,
            ExitSignal = isFinished ? pod.ExitSignal ?? Record.ExitSignal : Record.ExitSignal,
            ExitReason = isFinished ? pod.ExitReason ?? Record.ExitReason : Record.ExitReason,
            DeletedMs = _deletedMs,
            GraceSeconds = GraceSeconds,
            HasPreStop = pod.HasPreStop,
            SigtermSentMs = _saved?.SigtermSentMs ?? killing,
            PreStopFailure = _saved?.PreStopFailure ?? events?.PreStopFailure,
            Workload = workload ?? Record.Workload,
            IpReusedMs = _reusedMs,
            IpReusedBy = _reusedBy,
            Unwatched = _unwatched,
        };
    }

    /// <summary>Sets the Service with slices that contain the pod, before they report its endpoint as terminating.</summary>
    public void SetService(ServiceKey? service) => _service ??= service;

    /// <summary>The workloads under which it is indexed.</summary>
    public List<string> Owners { get; } = [];

    /// <summary>Assigns a placeholder pod to its ReplicaSet, which is known only by the pod's name.</summary>
    public void Adopt(WorkloadInfo set) => Pod = Pod! with
    {
        Controller = new OwnerRef(nameof(WorkloadKind.ReplicaSet), set.Name, set.Uid), TemplateHash = set.TemplateHash,
    };

    /// <summary>Assigns a placeholder pod to the controller that reported deleting it.</summary>
    public void Adopt(OwnerRef controller) => Pod = Pod! with { Controller = controller };

    /// <summary>Only its name and address are known: it was deleted while no console was watching.</summary>
    public bool IsPlaceholder => Pod is { Controller: null, DeletionMs: null, CreatedMs: 0 };

    /// <summary>Its controller created another pod after the deletion was requested.</summary>
    public bool HasSuccessor { get; set; }

    /// <summary>Sets the address that the object has lost, from the history of its owners.</summary>
    public void SetAddress(Ip ip) => Record = Record.PodIp.IsNone ? Record with { PodIp = ip } : Record;

    public void SetCause(TerminationCause cause, string evidence, string? rolloutId) =>
        Record = Record with { Cause = cause, Evidence = evidence, RolloutId = rolloutId };

    private void Start(PodInfo pod, long nowMs, TimeRange? listed)
    {
        if (_saved is not null)
        {
            HasEndedFirst = _saved.Cause is TerminationCause.Completion or TerminationCause.Failed or TerminationCause.OutOfMemory or TerminationCause.Rejected;
            return;
        }

        bool isRestarted = pod.Controller?.Kind is nameof(WorkloadKind.ReplicaSet) or nameof(WorkloadKind.StatefulSet) or nameof(WorkloadKind.DaemonSet);
        // If the controller restarts containers, only a deletion ends them, and the final deletion is stamped after their end.
        HasEndedFirst = pod.ContainersEnded && StoppedByKubeletMs(pod) is null && (pod.DeletionRequestedMs is null || (!isRestarted && pod.FinishedMs < pod.DeletionRequestedMs));
        // The kubelet's final deletion, with grace period 0, overwrites the first one: the original request is lost.
        bool overwritten = listed is not null && !HasEndedFirst && pod is { ContainersEnded: true, DeletionGraceSeconds: 0, GraceSeconds: not 0 };
        GraceSeconds = HasEndedFirst || overwritten ? null : pod.DeletionGraceSeconds;
        long? requested = HasEndedFirst ? pod.FinishedMs : StoppedByKubeletMs(pod) ?? (overwritten ? null : pod.DeletionRequestedMs);
        DeletionRequestedMs = requested ?? nowMs;
        IsWatched = listed is null;
        // A pod without a node is removed immediately, whatever the grace period.
        IsForced = !HasEndedFirst && pod is { DeletionMs: not null, DeletionGraceSeconds: 0, ContainersEnded: false, GraceSeconds: not 0 } && pod.Node.Length > 0;
        _requestTimeIsArrival = requested is null;
        if (_requestTimeIsArrival)
            ExtendUnwatched(nowMs, listed);
    }

    // An eviction or a node shutdown deletes nothing: the kubelet sets a condition and stops the containers.
    private static long? StoppedByKubeletMs(PodInfo pod) => pod is { IsStoppedByKubelet: true, DeletionMs: null } ? pod.End!.DisruptedMs : null;

    private long LastKnown() => _saved is null
        ? 0
        : new[] { _saved.DeletionRequestedMs, _saved.EndpointNotReadyMs, _saved.EndpointTerminatingMs, _saved.EndpointRemovedMs, _saved.DeletedMs, _saved.SigtermSentMs }.Max() ?? 0;

    private static Termination Blank(PodInfo pod, long nowMs) => new(
        pod.Uid, pod.Namespace, pod.Name, pod.Ip, pod.Node, null, pod.DeletionRequestedMs ?? nowMs, null, null, null, null, null);
}
