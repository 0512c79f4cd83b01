using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Conntrack;

/// <summary>
/// Counters of a namespace since its creation, summed over CPUs, and the number of entries. The kernel's counters have 32 bits and
/// wrap: take differences with unsigned arithmetic.
/// </summary>
/// <param name="Invalid">Packets that could not be assigned to a flow.</param>
/// <param name="InsertFailed">Entries that lost a race at confirmation.</param>
/// <param name="Drop">Packets dropped because an entry could not be created.</param>
/// <param name="EarlyDrop">Entries evicted because the table was full.</param>
/// <param name="Entries">Entries in the table now.</param>
/// <param name="MaxEntries">Limit of the table; 0 = unknown (kernels before 4.18 have no CTA_STATS_GLOBAL_MAX_ENTRIES).</param>
/// <param name="SearchRestart">Lookups restarted because the table was resized meanwhile.</param>
/// <param name="ClashResolve">Insertion clashes resolved by the kernel (5.8).</param>
internal readonly record struct ConntrackStats(
    uint Invalid, uint InsertFailed, uint Drop, uint EarlyDrop, uint Entries, uint MaxEntries, uint SearchRestart = 0, uint ClashResolve = 0)
{
    // enum ctattr_stats_cpu
    private const ushort CpuInvalid = 4;
    private const ushort CpuInsertFailed = 9;
    private const ushort CpuDrop = 10;
    private const ushort CpuEarlyDrop = 11;
    private const ushort CpuSearchRestart = 13;
    private const ushort CpuClashResolve = 14;

    // enum ctattr_stats_global
    private const ushort GlobalEntries = 1;
    private const ushort GlobalMaxEntries = 2;

    internal ConntrackStats PlusCpu(NetlinkAttributes attributes)
    {
        uint invalid = Invalid, insertFailed = InsertFailed, drop = Drop, earlyDrop = EarlyDrop;
        uint searchRestart = SearchRestart, clashResolve = ClashResolve;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case CpuInvalid:
                    invalid += attributes.U32Network();
                    break;
                case CpuInsertFailed:
                    insertFailed += attributes.U32Network();
                    break;
                case CpuDrop:
                    drop += attributes.U32Network();
                    break;
                case CpuEarlyDrop:
                    earlyDrop += attributes.U32Network();
                    break;
                case CpuSearchRestart:
                    searchRestart += attributes.U32Network();
                    break;
                case CpuClashResolve:
                    clashResolve += attributes.U32Network();
                    break;
            }
        }

        return this with
        {
            Invalid = invalid, InsertFailed = insertFailed, Drop = drop, EarlyDrop = earlyDrop,
            SearchRestart = searchRestart, ClashResolve = clashResolve,
        };
    }

    internal ConntrackStats WithFill(NetlinkAttributes attributes)
    {
        var filled = this;
        while (attributes.MoveNext())
        {
            if (attributes.Type == GlobalEntries)
                filled = filled with { Entries = attributes.U32Network() };
            else if (attributes.Type == GlobalMaxEntries)
                filled = filled with { MaxEntries = attributes.U32Network() };
        }

        return filled;
    }
}
