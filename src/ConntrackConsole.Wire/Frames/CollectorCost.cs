namespace ConntrackConsole.Wire;

/// <summary>How the collector currently follows the table.</summary>
public enum FollowMode : byte
{
    /// <summary>Events, with dumps at the start and after overruns.</summary>
    Events = 0,
    /// <summary>Dumps only: events exceed the limit rate, and listening would slow the data path.</summary>
    DumpOnly = 1,
}

/// <summary>Resource use of the collector in this second.</summary>
/// <param name="Mode">How it follows the table.</param>
/// <param name="CpuMs">Processor time, user and system, milliseconds.</param>
/// <param name="RssKiB">Resident memory, KiB.</param>
/// <param name="Events">Conntrack events read.</param>
/// <param name="Flows">Flows followed.</param>
/// <param name="ClockOffsetMs">The console's clock minus this node's, milliseconds; <see cref="int.MinValue"/> = not measured.</param>
/// <param name="OutboxFrames">Frames not yet acknowledged.</param>
internal readonly record struct CollectorCost(
    FollowMode Mode, uint CpuMs, uint RssKiB, uint Events, uint Flows, int ClockOffsetMs, uint OutboxFrames);
