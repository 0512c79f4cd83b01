namespace ConntrackConsole.Bench.Load.Nodes;

/// <summary>What all made-up nodes count together.</summary>
internal sealed class LoadTotals
{
    private long _acknowledged;
    private long _resent;

    /// <summary>From the making of a frame to its acknowledgement.</summary>
    public Lag Lag { get; } = new();

    public long AcknowledgedFrames => Volatile.Read(ref _acknowledged);

    public long ResentFrames => Volatile.Read(ref _resent);

    public void Acknowledged(OutboxFrame frame, long nowMs)
    {
        Interlocked.Increment(ref _acknowledged);
        if (frame.IsMeasured)
            Lag.Add(nowMs - frame.MadeMs);
    }

    public void Resent() => Interlocked.Increment(ref _resent);
}
