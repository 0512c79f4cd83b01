
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Nftables;

/// <summary>
/// A filter of our own that drops INVALID packets for a while, as kube-proxy's rule in KUBE-FORWARD does where it is there:
/// a reply that conntrack does not understand then never reaches the client with the pod's address on it, and the client
/// does not reset. Needs CAP_NET_ADMIN, and works in the calling thread's namespace.
/// </summary>
/// <remarks>
/// The time is the kernel's: the rule asks whether the packet's family is in a set, and the kernel takes the families out
/// of the set when the time is over, whether or not we still live. What is left has no effect, and <see cref="Disarm"/>
/// removes it. It is the table conntrack_console of family inet, and no other is ever touched. A rule about ct state
/// switches conntrack on in a namespace where nothing else has.
/// </remarks>
public static class ArmedFilter
{
    /// <summary>The table that holds all of it.</summary>
    public const string Table = NftBatch.OwnTable;

    /// <summary>The longest time that can be asked for.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    internal const string Set = "armed", Forward = "forward", Input = "input";

    // conntrack has judged a packet long before these hooks, at prerouting (-200). Among the chains of a hook the place is
    // before the ordinary filters at 0, which may accept INVALID packets or answer them, and after mangle at -150, which only marks.
    private const int Priority = -10;

    /// <summary>
    /// Drops INVALID packets from now on, IPv4 and IPv6, and lets the kernel end that by itself. Armed already: the new time
    /// counts, and the counters go on. Done in one batch: there is no moment at which half of it is there, or nothing.
    /// </summary>
    /// <param name="duration">How long; from a millisecond to <see cref="Longest"/>.</param>
    /// <param name="input">Also packets for the node itself (host network, NodePort), not only those that go through.</param>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN; EOPNOTSUPP where the kernel has no nftables.</exception>
    public static void Arm(TimeSpan duration, bool input = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(duration, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(duration, Longest);
        TryRead(out var before);
        Batch(duration, before.Forward ?? default, input ? before.Input ?? default : null).Commit();
    }

    /// <summary>Removes the table. Where there is none, nothing happens.</summary>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN.</exception>
    public static void Disarm()
    {
        try
        {
            new NftBatch(NftFamily.Inet).DeleteOwnTable().Commit();
        }
        catch (NetlinkException error) when (error.Errno == Errno.ENOENT)
        {
            // Somebody else was first, or it never was.
        }
    }

    /// <summary>Asks the kernel what is there.</summary>
    /// <returns>False where the table is not there.</returns>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN; a malformed answer.</exception>
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
            throw NftBatch.Refused(error, $"to tell what is in the nftables table {Table}");
        state = ArmedReader.Read(elements, rules);
        return true;
    }

    // "add, delete, add": the deletion finds its table in any case, and the packets see the old one or the new one.
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
