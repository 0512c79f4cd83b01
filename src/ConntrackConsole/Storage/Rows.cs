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
