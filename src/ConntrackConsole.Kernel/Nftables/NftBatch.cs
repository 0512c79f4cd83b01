using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Nftables;

/// <summary>
/// Changes to nftables that the kernel applies atomically. It offers no way to write "flush ruleset":
/// removing the last nat chain un-translates even established connections. Only our own table can be removed.
/// </summary>
/// <param name="family">The family of every table in this batch.</param>
internal sealed class NftBatch(NftFamily family = NftFamily.Ipv4)
{
    /// <summary>The only table that this program removes, with everything in it.</summary>
    internal const string OwnTable = "conntrack_console";


    internal const int SubsystemNftables = 10;
    private const ushort BatchBegin = 0x10, BatchEnd = 0x11;
    private const int MessageNewTable = 0, MessageDeleteTable = 2, MessageNewChain = 3, MessageNewRule = 6, MessageDeleteRule = 8,
        MessageNewSet = 9, MessageNewElement = 12;
    private const uint SetHasTimeouts = 0x10;
    private const int PriorityDestinationNat = -100;
    private const int PriorityBeforeNat = -110; // kube-proxy's priority for its "no endpoints" check

    private readonly List<byte[]> _messages = [];

    private delegate void Body(ref NetlinkWriter writer);

    /// <summary>Creates a table unless one with this name exists.</summary>
    public NftBatch AddTable(string table) =>
        Add(MessageNewTable, NetlinkFlags.Create, (ref NetlinkWriter writer) => writer.Text(1, table)); // NFTA_TABLE_NAME

    /// <summary>Creates a chain for others to jump to, unless one with this name exists.</summary>
    public NftBatch AddChain(string table, string chain) => Add(MessageNewChain, NetlinkFlags.Create, (ref NetlinkWriter writer) =>
    {
        writer.Text(1, table); // NFTA_CHAIN_TABLE
        writer.Text(3, chain); // NFTA_CHAIN_NAME
    });

    /// <summary>Creates a base chain of type nat at the priority of destination translation, unless one with this name exists.</summary>
    /// <remarks>Such a chain sees only packets that conntrack sees, and does not enable conntrack by itself: a rule with
    /// <see cref="NftRule.Dnat"/> or <see cref="NftRule.IfNew"/> does, as long as it exists.</remarks>
    public NftBatch AddNatChain(string table, string chain, NftHook hook) => AddBaseChain(table, chain, hook, "nat", PriorityDestinationNat);

    /// <summary>Creates a base chain of type filter, unless one with this name exists.</summary>
    /// <param name="table">Its table.</param>
    /// <param name="chain">Its name.</param>
    /// <param name="hook">The hook it is attached to.</param>
    /// <param name="priority">Its priority among the chains of the hook, lowest first; default: just before destination translation.</param>
    public NftBatch AddFilterChain(string table, string chain, NftHook hook, int priority = PriorityBeforeNat) =>
        AddBaseChain(table, chain, hook, "filter", priority);

    /// <summary>Creates a set of address families (NFPROTO_*), each with a timeout, unless one with this name exists.</summary>
    public NftBatch AddFamilySet(string table, string set) => Add(MessageNewSet, NetlinkFlags.Create, (ref NetlinkWriter writer) =>
    {
        writer.Text(1, table);                // NFTA_SET_TABLE
        writer.Text(2, set);                  // NFTA_SET_NAME
        writer.U32Network(3, SetHasTimeouts); // NFTA_SET_FLAGS
        writer.U32Network(4, 2);              // NFTA_SET_KEY_TYPE: nft's own number of its type nf_proto, for `nft list`
        writer.U32Network(5, 1);              // NFTA_SET_KEY_LEN
        writer.U32Network(10, 1);             // NFTA_SET_ID, required although the set is named
    });

    /// <summary>Adds an address family to a set, with a timeout.</summary>
    /// <param name="table">The set's table.</param>
    /// <param name="set">The set.</param>
    /// <param name="member"><see cref="NftFamily.Ipv4"/> or <see cref="NftFamily.Ipv6"/>.</param>
    /// <param name="timeout">After this time the kernel removes it. Rounded down to whole milliseconds.</param>
    public NftBatch AddFamily(string table, string set, NftFamily member, TimeSpan timeout) => Add(MessageNewElement, NetlinkFlags.Create, (ref NetlinkWriter writer) =>
    {
        writer.Text(1, table);                                // NFTA_SET_ELEM_LIST_TABLE
        writer.Text(2, set);                                  // NFTA_SET_ELEM_LIST_SET
        int list = writer.BeginNested(3);                     // NFTA_SET_ELEM_LIST_ELEMENTS
        int element = writer.BeginNested(1);                  // NFTA_LIST_ELEM
        int key = writer.BeginNested(1);                      // NFTA_SET_ELEM_KEY
        writer.U8(1, (byte)member);                           // NFTA_DATA_VALUE
        writer.EndNested(key);
        writer.U64Network(4, (ulong)timeout.TotalMilliseconds);  // NFTA_SET_ELEM_TIMEOUT
        writer.EndNested(element);
        writer.EndNested(list);
    });

    /// <summary>Removes <see cref="OwnTable"/>, which must exist.</summary>
    internal NftBatch DeleteOwnTable() =>
        Add(MessageDeleteTable, NetlinkFlags.None, static (ref NetlinkWriter writer) => writer.Text(1, OwnTable));

    /// <summary>Removes the rules of one chain, which must exist.</summary>
    public NftBatch ClearChain(string table, string chain)
    {
        // Without a chain's name the same message would empty the whole table.
        ArgumentException.ThrowIfNullOrEmpty(table);
        ArgumentException.ThrowIfNullOrEmpty(chain);
        return Add(MessageDeleteRule, NetlinkFlags.None, (ref NetlinkWriter writer) =>
        {
            writer.Text(1, table); // NFTA_RULE_TABLE
            writer.Text(2, chain); // NFTA_RULE_CHAIN
        });
    }

    /// <summary>Appends a rule to a chain.</summary>
    public NftBatch AddRule(string table, string chain, NftRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        return Add(MessageNewRule, NetlinkFlags.Create | NetlinkFlags.Append, (ref NetlinkWriter writer) =>
        {
            writer.Text(1, table);
            writer.Text(2, chain);
            rule.Write(ref writer);
        });
    }

    /// <summary>Applies the batch in the current thread's namespace and waits for the acknowledgement of each message.</summary>
    /// <exception cref="NetlinkException">The kernel refused; nothing of the batch was applied.</exception>
    public void Commit()
    {
        using var socket = NetlinkSocket.Open(NetlinkFamily.Netfilter);
        socket.Send(Encode(out uint last));
        // Each message between begin and end requests an acknowledgement; a refusal may also refer to the begin itself (1).
        for (uint answered = 1; answered < last;)
        {
            if (socket.Receive(10_000, out var datagram) != ReceiveOutcome.Data)
                throw new NetlinkException(Errno.Ok, "The kernel did not reply to an nftables batch within 10 s.");
            foreach (var message in new NetlinkMessages(datagram))
            {
                if (message.Type != NetlinkMessage.TypeError || message.Payload.Length < 4)
                    continue;
                var error = (Errno)(-MemoryMarshal.Read<int>(message.Payload));
                if (error != Errno.Ok)
                    throw Refused(error, $"message {message.Sequence} of {last} of an nftables batch");
                answered++;
            }
        }
    }

    /// <summary>The bytes of the whole batch.</summary>
    /// <param name="last">The sequence number of the last message before the end; the first one after the begin is 2.</param>
    internal byte[] Encode(out uint last)
    {
        byte[] buffer = new byte[64 + _messages.Sum(message => message.Length)];
        var writer = new NetlinkWriter(buffer);
        uint sequence = 1;
        Delimiter(ref writer, BatchBegin, sequence);
        foreach (byte[] message in _messages)
        {
            MemoryMarshal.Write(message.AsSpan(8), ++sequence);
            writer.Raw(message);
        }

        last = sequence;
        Delimiter(ref writer, BatchEnd, sequence + 1);
        return writer.Written.ToArray();
    }

    private NftBatch AddBaseChain(string table, string chain, NftHook hook, string type, int priority) =>
        Add(MessageNewChain, NetlinkFlags.Create, (ref NetlinkWriter writer) =>
        {
            writer.Text(1, table);
            writer.Text(3, chain);
            int nested = writer.BeginNested(4);                // NFTA_CHAIN_HOOK
            writer.U32Network(1, (uint)hook);                  // NFTA_HOOK_HOOKNUM
            writer.U32Network(2, unchecked((uint)priority));   // NFTA_HOOK_PRIORITY
            writer.EndNested(nested);
            writer.Text(7, type);                              // NFTA_CHAIN_TYPE
        });

    private NftBatch Add(int type, NetlinkFlags flags, Body body)
    {
        Span<byte> buffer = stackalloc byte[2048];
        var writer = new NetlinkWriter(buffer);
        writer.Begin((ushort)((SubsystemNftables << 8) | type), flags | NetlinkFlags.Request | NetlinkFlags.Ack, 0);
        writer.Raw([(byte)family, 0, 0, 0]); // struct nfgenmsg
        body(ref writer);
        writer.End();
        _messages.Add(writer.Written.ToArray());
        return this;
    }

    internal static NetlinkException Refused(Errno error, string what)
    {
        string help = error == Errno.EPERM ? " CAP_NET_ADMIN is missing: run as root or grant the capability." : "";
        return new NetlinkException(error, $"The kernel refused {what}: {error.Describe()}.{help}");
    }

    private static void Delimiter(ref NetlinkWriter writer, ushort type, uint sequence)
    {
        Span<byte> header = [0, 0, 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], SubsystemNftables); // nfgenmsg.res_id contains the subsystem
        writer.Begin(type, NetlinkFlags.Request, sequence);
        writer.Raw(header);
        writer.End();
    }
}
