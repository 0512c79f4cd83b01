namespace ConntrackConsole.Wire;

/// <summary>
/// One second's increase of the per-CPU counters of ctnetlink (IPCTNL_MSG_CT_GET_STATS_CPU, summed over CPUs; all are
/// 32-bit in the kernel and wrap), and the fill of the table (net.netfilter.nf_conntrack_count and _max).
/// </summary>
/// <param name="Invalid">Packets that conntrack could not assign (segments, not resets).</param>
/// <param name="Drop">Packets dropped because no entry could be created.</param>
/// <param name="EarlyDrop">Entries evicted from a full table.</param>
/// <param name="InsertFailed">Entries that lost a race at confirmation.</param>
/// <param name="Count">Entries in the table now.</param>
/// <param name="Max">Limit of the table.</param>
/// <param name="SearchRestart">Look-ups that were restarted because the table was resized meanwhile.</param>
/// <param name="ClashResolve">Insertions with a clash that the kernel resolved.</param>
public readonly record struct Counters(
    uint Invalid, uint Drop, uint EarlyDrop, uint InsertFailed, uint Count, uint Max, uint SearchRestart = 0, uint ClashResolve = 0);

/// <summary>
/// One second's increase of the TCP counters of the host's own network namespace (/proc/net/snmp). Pods have their own counters
/// and are not included.
/// </summary>
/// <param name="OutRsts">Resets sent.</param>
/// <param name="EstabResets">Established connections that ended by a reset.</param>
/// <param name="AttemptFails">Connections that failed before they were established.</param>
/// <param name="RetransSegs">Retransmitted segments.</param>
internal readonly record struct HostTcp(uint OutRsts, uint EstabResets, uint AttemptFails, uint RetransSegs);
