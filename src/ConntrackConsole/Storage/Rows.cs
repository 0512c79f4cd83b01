namespace ConntrackConsole.Storage;

/// <summary>Append-only: triggers of the first migration refuse UPDATE and DELETE.</summary>
public sealed class AuditRow
{
    public long Id { get; set; }
    public long AtMs { get; set; }
    public required string Who { get; set; }
    public string? From { get; set; }
    public required string What { get; set; }
    public string? Where { get; set; }
    public string? Target { get; set; }
    public required string Why { get; set; }
    public string? Before { get; set; }
    public string? After { get; set; }
    public required string Result { get; set; }
    public long? DurationMs { get; set; }
    public required string ActionId { get; set; }
    public string? Session { get; set; }
    public string? Roles { get; set; }
    public string? IncidentId { get; set; }

    /// <summary>What was deleted, entry by entry: JSON.</summary>
    public string? Details { get; set; }

    /// <summary>Stable reason code of <see cref="Result"/>; null where there is none, and in rows from before the codes.</summary>
    public string? Code { get; set; }

    /// <summary>Null in rows from before the chain.</summary>
    public string? Hash { get; set; }

    /// <summary>Names the key of <see cref="Hash"/>; null where it is made without one.</summary>
    public string? KeyId { get; set; }
}

/// <summary>Somebody who signed in.</summary>
public sealed class SessionRow
{
    public required string Id { get; set; }
    public required string Who { get; set; }
    public string? From { get; set; }
    public long SignedInMs { get; set; }
    public long UntilMs { get; set; }
    public long? EndedMs { get; set; }
}

/// <summary>One action, as far as it has come. The audit log has how it came there.</summary>
public sealed class ActionRow
{
    public required string Id { get; set; }
    public required string Kind { get; set; }
    public required string Target { get; set; }
    public required string State { get; set; }
    public required string AskedBy { get; set; }
    public long AskedMs { get; set; }
    public long UpdatedMs { get; set; }

    /// <summary>What was asked for and what was shown: JSON.</summary>
    public required string Plan { get; set; }

    /// <summary>What came of it, node by node: JSON; null before it was carried out.</summary>
    public string? Outcome { get; set; }
}

/// <summary>How far a node's journal is written down.</summary>
public sealed class JournalMarkRow
{
    public required string Node { get; set; }
    public required string JournalId { get; set; }
    public long Number { get; set; }
}

public sealed class TerminationRow
{
    public required string Uid { get; set; }
    public required string Namespace { get; set; }
    public required string Pod { get; set; }
    public required string PodIp { get; set; }
    public required string Node { get; set; }
    public string? ServiceNamespace { get; set; }
    public string? ServiceName { get; set; }
    public long AskedMs { get; set; }
    public long? EndpointTerminatingMs { get; set; }
    public long? EndpointRemovedMs { get; set; }
    public long? ContainerFinishedMs { get; set; }
    public int? ExitCode { get; set; }
    public long? DeletedMs { get; set; }
    public byte Cause { get; set; }
    public string? Evidence { get; set; }
    public string? RolloutId { get; set; }
    public string? WorkloadKind { get; set; }
    public string? WorkloadName { get; set; }
    public string? WorkloadUid { get; set; }
    public int? GraceSeconds { get; set; }
    public long? EndpointNotReadyMs { get; set; }
    public long? StopSignalMs { get; set; }
    public bool HasPreStop { get; set; }
    public string? PreStopFailure { get; set; }
    public int? ExitSignal { get; set; }
    public string? ExitReason { get; set; }
    public long? IpReusedMs { get; set; }
    public string? IpReusedBy { get; set; }
    public long? UnwatchedFromMs { get; set; }
    public long? UnwatchedToMs { get; set; }
}

public sealed class RolloutRow
{
    /// <summary>The workload's uid, a slash, the revision.</summary>
    public required string Id { get; set; }
    public byte Kind { get; set; }
    public required string WorkloadUid { get; set; }
    public required string Namespace { get; set; }
    public required string Name { get; set; }
    public required string Revision { get; set; }
    public string? FromRevision { get; set; }
    public long StartedMs { get; set; }
    public long? SurgedMs { get; set; }
    public long? FinishedMs { get; set; }
    public long? RolledBackMs { get; set; }
    public long? StuckMs { get; set; }
    public bool IsRollback { get; set; }
    public string? TemplateHash { get; set; }
    public long? AbandonedMs { get; set; }
    public long? UnwatchedFromMs { get; set; }
    public long? UnwatchedToMs { get; set; }
}

/// <summary>A pod's address over a stretch of time.</summary>
public sealed class OwnerSpanRow
{
    public long Id { get; set; }
    public required string Ip { get; set; }
    public required string PodUid { get; set; }
    public required string FullName { get; set; }
    public required string Node { get; set; }
    public long FromMs { get; set; }
    public long? ToMs { get; set; }
    /// <summary>OwnerState: 1 live, 2 terminating, 3 lost, 5 a node's own.</summary>
    public byte State { get; set; }
    /// <summary>1 = nobody saw it begin, 2 = nobody saw it end; 3 = neither.</summary>
    public byte Unseen { get; set; }
}

/// <summary>A pod without an address of its own, as long as it is there.</summary>
public sealed class UnaddressedPodRow
{
    public required string Uid { get; set; }
    public required string FullName { get; set; }
    public required string Node { get; set; }
}

/// <summary>A Service's addresses and ports over a stretch of time.</summary>
public sealed class ServiceSpanRow
{
    public long Id { get; set; }
    public required string Namespace { get; set; }
    public required string Name { get; set; }
    public required string Uid { get; set; }
    /// <summary>Addresses, separated by blanks.</summary>
    public required string Vips { get; set; }
    /// <summary>proto/port/nodePort/targetPort/name, separated by blanks.</summary>
    public required string Ports { get; set; }
    public long FromMs { get; set; }
    public long? ToMs { get; set; }
    /// <summary>1 = nobody saw it begin, 2 = nobody saw it end; 3 = neither.</summary>
    public byte Unseen { get; set; }
}

/// <summary>What a Service's slices said of an address over a stretch of time.</summary>
public sealed class EndpointSpanRow
{
    public long Id { get; set; }
    public required string Namespace { get; set; }
    public required string Service { get; set; }
    public required string Ip { get; set; }
    public string? PodUid { get; set; }
    public bool Ready { get; set; }
    public bool Serving { get; set; }
    public bool Terminating { get; set; }
    public long FromMs { get; set; }
    public long? ToMs { get; set; }
    /// <summary>1 = nobody saw it begin, 2 = nobody saw it end; 3 = neither.</summary>
    public byte Unseen { get; set; }
}

/// <summary>A stretch of time in which a run of the console followed the cluster.</summary>
public sealed class ClusterWatchRow
{
    /// <summary>When the first list of the run was complete.</summary>
    public long FromMs { get; set; }
    /// <summary>When the cluster was last known to be followed.</summary>
    public long ToMs { get; set; }
}

/// <summary>A sync of a node's kube-proxy, as its metrics told it.</summary>
public sealed class SyncRow
{
    public required string Node { get; set; }
    /// <summary>kubeproxy_sync_proxy_rules_last_timestamp_seconds, in our clock.</summary>
    public long AtMs { get; set; }
    /// <summary>What kube-proxy had heard of before this moment is in the rules.</summary>
    public long CoversMs { get; set; }
    /// <summary>When this was first read.</summary>
    public long SeenMs { get; set; }
    public double SyncP99 { get; set; }
}

/// <summary>Where we were deaf.</summary>
public sealed class GapRow
{
    public long Id { get; set; }
    public string? Node { get; set; }
    public byte Kind { get; set; }
    public long FromMs { get; set; }
    public long ToMs { get; set; }
    public required string Text { get; set; }
}

/// <summary>A sysctl of a node that got another value.</summary>
public sealed class SettingRow
{
    public long Id { get; set; }
    public required string Node { get; set; }
    public long AtMs { get; set; }
    public required string Name { get; set; }
    public required string Before { get; set; }
    public required string After { get; set; }
}

/// <summary>A stretch of the timeline of one node or one Service, packed. Written with prepared commands, not as entities.</summary>
public sealed class BlockRow
{
    public long Id { get; set; }
    /// <summary>1 = node, 2 = Service.</summary>
    public byte Kind { get; set; }
    /// <summary>Seconds a column: 1, 10 or 60.</summary>
    public byte Step { get; set; }
    public required string Name { get; set; }
    /// <summary>Begin of the block, milliseconds of Unix time.</summary>
    public long AtMs { get; set; }
    public required byte[] Bytes { get; set; }
}

/// <summary>A stretch of time that retention leaves alone.</summary>
public sealed class PinRow
{
    public long Id { get; set; }
    public long FromMs { get; set; }
    public long ToMs { get; set; }
    public required string Reason { get; set; }
    public long CreatedMs { get; set; }
}

/// <summary>Resets of one second and one kind, over all nodes, each counted once.</summary>
public sealed class ResetSecondRow
{
    public long Second { get; set; }
    public byte Kind { get; set; }
    public int Count { get; set; }
}

/// <summary>A collector's frame as it came. Written with prepared commands, not as entities.</summary>
public sealed class FrameRow
{
    /// <summary>In the order in which they came.</summary>
    public long Id { get; set; }
    public required string Node { get; set; }
    public long StartedAtMs { get; set; }
    public long Sequence { get; set; }
    public long AtMs { get; set; }
    public long ReceivedMs { get; set; }
    public required byte[] Bytes { get; set; }
}
