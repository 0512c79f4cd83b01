using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Nftables;

/// <summary>
/// A temporary filter that drops INVALID packets, as kube-proxy's rule in KUBE-FORWARD does where it exists:
/// a reply that conntrack cannot assign to a flow then never reaches the client with the pod's address as source, and the client
/// does not reset. Needs CAP_NET_ADMIN, and works in the calling thread's namespace.
/// </summary>
/// <remarks>
/// The kernel enforces the time limit: the rule looks up the packet's family in a set, and the kernel removes the families
/// from the set when the time is over, whether or not this process still runs. What remains has no effect, and <see cref="Disarm"/>
/// removes it. The filter is the table conntrack_console of family inet; no other table is ever modified. A rule that matches ct
/// state enables conntrack in a namespace where nothing else has.
/// </remarks>
internal static class ArmedFilter
{
    /// <summary>The table that contains the whole filter.</summary>
    public const string Table = NftBatch.OwnTable;

    /// <summary>Maximum duration.</summary>
    public static readonly TimeSpan MaxDuration = TimeSpan.FromDays(1);

    internal const string Set = "armed", Forward = "forward", Input = "input";

    // conntrack classifies a packet long before these hooks, at prerouting (-200). Among the chains of a hook this priority is
    // before the ordinary filters at 0, which may accept INVALID packets or answer them, and after mangle at -150, which only marks.
    private const int Priority = -10;

    /// <summary>
    /// Drops INVALID packets from now on, IPv4 and IPv6, until the kernel ends it after the duration. If already armed, the new
    /// duration applies and the counters continue. One atomic batch: the filter is never absent or incomplete in between.
    /// </summary>
    /// <param name="duration">From one millisecond to <see cref="MaxDuration"/>.</param>
    /// <param name="input">Whether to drop packets to the node itself (host network, NodePort) too, not only forwarded ones.</param>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN; EOPNOTSUPP where the kernel has no nftables.</exception>
    public static void Arm(TimeSpan duration, bool input = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(duration, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(duration, MaxDuration);
        TryRead(out var before);
        Batch(duration, before.Forward ?? default, input ? before.Input ?? default : null).Commit();
    }

    /// <summary>Removes the table. A missing table is no error.</summary>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN.</exception>
    public static void Disarm()
    {
        try
        {
            new NftBatch(NftFamily.Inet).DeleteOwnTable().Commit();
        }
        catch (NetlinkException error) when (error.Errno == Errno.ENOENT)
        {
            // Another program removed it first, or it never existed.
        }
    }

    /// <summary>Reads the filter's state from the kernel.</summary>
    /// <returns>False if the table does not exist.</returns>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN; a malformed reply.</exception>
    public static bool TryRead(out ArmedState state)
    {
        state = default;
        var error = NftDump.TryElements(NftFamily.Inet, Table, Set, out var elements);
        if (error == Errno.ENOENT)
            return false;
        List<byte[]> rules = [];
        if (error == Errno.Ok)
            error = NftDump.TryRules(NftFamily.Inet, Table, chain: null, out rules);
        if (error != Errno.Ok)
            throw NftBatch.Refused(error, $"to list the nftables table {Table}");
        state = ArmedReader.Read(elements, rules);
        return true;
    }

    // "add, delete, add": the deletion always finds its table, and packets meet either the old table or the new one.
    internal static NftBatch Batch(TimeSpan duration, NftCount forward, NftCount? input)
    {
        var batch = new NftBatch(NftFamily.Inet).AddTable(Table).DeleteOwnTable().AddTable(Table).AddFamilySet(Table, Set)
            .AddFamily(Table, Set, NftFamily.Ipv4, duration).AddFamily(Table, Set, NftFamily.Ipv6, duration);
        AddChain(Forward, NftHook.Forward, forward);
        if (input is { } counted)
            AddChain(Input, NftHook.Input, counted);
        return batch;

        void AddChain(string chain, NftHook hook, NftCount counted) => batch.AddFilterChain(Table, chain, hook, Priority)
            .AddRule(Table, chain, new NftRule().IfInvalid().IfFamilyIn(Set).Count(counted).Drop());
    }
}
