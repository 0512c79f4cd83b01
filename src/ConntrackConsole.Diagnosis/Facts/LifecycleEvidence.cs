namespace ConntrackConsole.Diagnosis.Facts;

/// <summary>What the cluster's objects show of the pod, its address and its Service. Times are milliseconds of Unix time; null = not (yet) or unknown.</summary>
internal sealed record LifecycleEvidence
{
    /// <summary>The deletion was requested: the first deletionTimestamp less its grace period.</summary>
    public long? DeletionRequestedMs { get; init; }

    /// <summary>The grace period of the first deletion request.</summary>
    public int? GraceSeconds { get; init; }

    public long? FinishedMs { get; init; }

    public int? ExitCode { get; init; }

    /// <summary>The endpoint left the Service's slices.</summary>
    public long? EndpointRemovedMs { get; init; }

    public long? DeletedMs { get; init; }

    /// <summary>False: no pod that lives has the address. Null: unknown.</summary>
    public bool? HasLiveOwner { get; init; }

    /// <summary>The pod that has the address now, if it is another than the one that had it before.</summary>
    public AddressOwner? NewOwner { get; init; }

    /// <summary>
    /// When its node first saw that the former pod's interface had gone, before another pod got the address: what came from the address since
    /// is not the former pod's. Null: not observed.
    /// </summary>
    public long? FormerGoneMs { get; init; }

    /// <summary>No pod of its node waits for an address to be reported: none can have the former pod's. False: one does, or it is not known.</summary>
    public bool NoSuccessor { get; init; }

    /// <summary>The pod uses its node's address, which lives on without it.</summary>
    public bool HostNetwork { get; init; }

    /// <summary>The node of the pod does not report any more.</summary>
    public bool NodeLost { get; init; }

    /// <summary>The node of the pod fell silent, and did not end its collector's connection. Null: it reports, or that is not known.</summary>
    public NodeSilence? Silence { get; init; }

    /// <summary>Ready endpoints of the Service by its slices.</summary>
    public int? ReadyEndpoints { get; init; }

    /// <summary>The Service was deleted, and its endpoints were known until then: what follows from them is read as of its end.</summary>
    public bool ServiceEnded { get; init; }

    /// <summary>Since when it has no ready endpoint.</summary>
    public long? NoEndpointSinceMs { get; init; }

    /// <summary>The workload was scaled to zero on purpose.</summary>
    public bool ScaledToZero { get; init; }

    /// <summary>
    /// 99th percentile, over earlier terminations of the workload, of the time from the deletion request to the last sign that the pod
    /// was used: a connection that began or ended. Seconds.
    /// </summary>
    public double? LastPacketP99Seconds { get; init; }

    /// <summary>The address is not one that the pod alone has, or it is known that a live pod still has it.</summary>
    public bool IsOwned => HostNetwork || HasLiveOwner == true;
}

/// <summary>A pod that took over an address.</summary>
/// <param name="Name">namespace/name.</param>
/// <param name="StartedMs">When it got the address; null = unknown.</param>
/// <param name="InService">It is, or was, in a slice of the subject's Service; null = unknown.</param>
internal sealed record AddressOwner(string Name, long? StartedMs, bool? InService);
