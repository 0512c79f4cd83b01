namespace ConntrackConsole.Collector.Uplink;

/// <summary>
/// A frame that the console has not yet stored: in memory, or in a segment of the spill. Modified under the outbox's lock.
/// </summary>
internal sealed class OutboxEntry(long run, ulong sequence, long atMs)
{
    public long Run { get; } = run;

    public ulong Sequence { get; } = sequence;

    public long AtMs { get; } = atMs;

    /// <summary>The encoded frame; null once it is in the spill.</summary>
    public byte[]? Bytes { get; set; }

    public SpillSegment? Segment { get; set; }

    public int Offset { get; set; }

    public int Length { get; set; }

    /// <summary>Number of the connection that sends or has sent it; 0 = none.</summary>
    public int TakenBy { get; set; }

    /// <summary>Stored by the console, or dropped.</summary>
    public bool Done { get; set; }
}

/// <summary>One file of the spill.</summary>
internal sealed class SpillSegment(string path, long run)
{
    public string Path { get; } = path;

    public long Run { get; } = run;

    public long Bytes { get; set; }

    /// <summary>Frames in it that the console has not yet stored. Modified under the outbox's lock.</summary>
    public int Waiting { get; set; }
}
