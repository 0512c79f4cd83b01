using System.Buffers.Binary;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Nftables;

/// <summary>
/// One nftables rule, built from its conditions and its verdict in order (linux/netfilter/nf_tables.h). Supports only what
/// the translation of a Service (IPv4) and the dropping of INVALID packets need.
/// </summary>
internal sealed class NftRule
{
    private const uint RegisterVerdict = 0, Register1 = 1, Register2 = 2;
    private const uint PayloadNetwork = 1, PayloadTransport = 2;
    private const uint VerdictDrop = 0, VerdictJump = unchecked((uint)-3);
    private const uint MetaFamily = 15, MetaL4Proto = 16;
    private const uint StateInvalid = 1, StateNew = 8; // NF_CT_STATE_INVALID_BIT, NF_CT_STATE_BIT(IP_CT_NEW)

    private readonly List<ExpressionWriter> _expressions = [];

    private delegate void ExpressionWriter(ref NetlinkWriter writer);

    /// <summary>Condition: the packet goes to this IPv4 address (ip daddr).</summary>
    public NftRule ToAddress(Ip address)
    {
        if (!address.IsV4)
            throw new ArgumentException($"'{address}' is not an IPv4 address.", nameof(address));
        Payload(PayloadNetwork, offset: 16, length: 4);
        byte[] bytes = new byte[4];
        address.WriteBytes(bytes);
        return Equal(bytes);
    }

    /// <summary>Condition: the packet goes to this port of this transport protocol (meta l4proto, th dport).</summary>
    public NftRule ToPort(byte protocol, ushort port)
    {
        Meta(MetaL4Proto);
        Equal([protocol]);
        Payload(PayloadTransport, offset: 2, length: 2);
        return Equal(Port(port));
    }

    /// <summary>Condition: the packet begins a new connection (ct state new).</summary>
    public NftRule IfNew() => IfState(StateNew);

    /// <summary>Condition: conntrack inspected the packet and could not assign it to a flow (ct state invalid).</summary>
    public NftRule IfInvalid() => IfState(StateInvalid);

    /// <summary>Condition: the packet's address family is in this set of the rule's table (meta nfproto @set).</summary>
    public NftRule IfFamilyIn(string set)
    {
        Meta(MetaFamily);
        return Add("lookup", (ref NetlinkWriter writer) =>
        {
            writer.Text(1, set);             // NFTA_LOOKUP_SET
            writer.U32Network(2, Register1); // NFTA_LOOKUP_SREG
        });
    }

    /// <summary>Counts the packets that reach this point, starting from the previous count.</summary>
    public NftRule Count(NftCount before = default) => Add("counter", (ref NetlinkWriter writer) =>
    {
        writer.U64Network(1, before.Bytes);   // NFTA_COUNTER_BYTES
        writer.U64Network(2, before.Packets); // NFTA_COUNTER_PACKETS
    });

    /// <summary>Verdict: drop the packet silently.</summary>
    public NftRule Drop() => Verdict(VerdictDrop, chain: null);

    /// <summary>Condition: true at random for one of <paramref name="choices"/> new connections (numgen random mod N).</summary>
    public NftRule OneOf(int choices)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(choices, 1);
        Add("numgen", (ref NetlinkWriter writer) =>
        {
            writer.U32Network(1, Register1);      // NFTA_NG_DREG
            writer.U32Network(2, (uint)choices);  // NFTA_NG_MODULUS
            writer.U32Network(3, 1);              // NFTA_NG_TYPE = NFT_NG_RANDOM
        });
        return Equal(new byte[4]); // The register contains the number in host order; 0 is 0 in both.
    }

    /// <summary>Verdict: translate the destination. Only in chains of type nat.</summary>
    public NftRule Dnat(Ip address, ushort port)
    {
        if (!address.IsV4)
            throw new ArgumentException($"'{address}' is not an IPv4 address.", nameof(address));
        byte[] bytes = new byte[4];
        address.WriteBytes(bytes);
        Load(Register1, bytes);
        Load(Register2, Port(port));
        return Add("nat", static (ref NetlinkWriter writer) =>
        {
            writer.U32Network(1, 1);         // NFTA_NAT_TYPE = NFT_NAT_DNAT
            writer.U32Network(2, 2);         // NFTA_NAT_FAMILY = NFPROTO_IPV4
            writer.U32Network(3, Register1); // NFTA_NAT_REG_ADDR_MIN
            writer.U32Network(5, Register2); // NFTA_NAT_REG_PROTO_MIN
        });
    }

    /// <summary>Verdict: reject with ICMP port unreachable, as kube-proxy does for a Service without endpoints.</summary>
    public NftRule Reject() => Add("reject", static (ref NetlinkWriter writer) =>
    {
        writer.U32Network(1, 0); // NFTA_REJECT_TYPE = NFT_REJECT_ICMP_UNREACH
        writer.U8(2, 3);         // NFTA_REJECT_ICMP_CODE = ICMP_PORT_UNREACH
    });

    /// <summary>Verdict: continue in another chain and return at its end.</summary>
    public NftRule Jump(string chain) => Verdict(VerdictJump, chain);

    internal void Write(ref NetlinkWriter writer)
    {
        int list = writer.BeginNested(4); // NFTA_RULE_EXPRESSIONS
        foreach (var expression in _expressions)
            expression(ref writer);
        writer.EndNested(list);
    }

    private NftRule IfState(uint bit)
    {
        Add("ct", static (ref NetlinkWriter writer) =>
        {
            writer.U32Network(1, Register1); // NFTA_CT_DREG
            writer.U32Network(2, 0);         // NFTA_CT_KEY = NFT_CT_STATE
        });
        Add("bitwise", (ref NetlinkWriter writer) =>
        {
            writer.U32Network(1, Register1); // NFTA_BITWISE_SREG
            writer.U32Network(2, Register1); // NFTA_BITWISE_DREG
            writer.U32Network(3, 4);         // NFTA_BITWISE_LEN
            Value(ref writer, 4, BitConverter.GetBytes(bit)); // NFTA_BITWISE_MASK, a register: host order
            Value(ref writer, 5, new byte[4]);                // NFTA_BITWISE_XOR
        });
        return Compare(1, new byte[4]); // NFT_CMP_NEQ
    }

    private NftRule Verdict(uint code, string? chain) => Add("immediate", (ref NetlinkWriter writer) =>
    {
        writer.U32Network(1, RegisterVerdict); // NFTA_IMMEDIATE_DREG
        int data = writer.BeginNested(2);      // NFTA_IMMEDIATE_DATA
        int verdict = writer.BeginNested(2);   // NFTA_DATA_VERDICT
        writer.U32Network(1, code);            // NFTA_VERDICT_CODE
        if (chain is not null)
            writer.Text(2, chain);             // NFTA_VERDICT_CHAIN
        writer.EndNested(verdict);
        writer.EndNested(data);
    });

    private NftRule Meta(uint key) => Add("meta", (ref NetlinkWriter writer) =>
    {
        writer.U32Network(1, Register1); // NFTA_META_DREG
        writer.U32Network(2, key);       // NFTA_META_KEY
    });

    private NftRule Payload(uint @base, uint offset, uint length) => Add("payload", (ref NetlinkWriter writer) =>
    {
        writer.U32Network(1, Register1); // NFTA_PAYLOAD_DREG
        writer.U32Network(2, @base);     // NFTA_PAYLOAD_BASE
        writer.U32Network(3, offset);    // NFTA_PAYLOAD_OFFSET
        writer.U32Network(4, length);    // NFTA_PAYLOAD_LEN
    });

    private NftRule Equal(byte[] value) => Compare(0, value); // NFT_CMP_EQ

    private NftRule Compare(uint operation, byte[] value) => Add("cmp", (ref NetlinkWriter writer) =>
    {
        writer.U32Network(1, Register1); // NFTA_CMP_SREG
        writer.U32Network(2, operation); // NFTA_CMP_OP
        Value(ref writer, 3, value);     // NFTA_CMP_DATA
    });

    private NftRule Load(uint register, byte[] value) => Add("immediate", (ref NetlinkWriter writer) =>
    {
        writer.U32Network(1, register); // NFTA_IMMEDIATE_DREG
        Value(ref writer, 2, value);    // NFTA_IMMEDIATE_DATA
    });

    private NftRule Add(string name, ExpressionWriter parameters)
    {
        _expressions.Add((ref NetlinkWriter writer) =>
        {
            int element = writer.BeginNested(1); // NFTA_LIST_ELEM
            writer.Text(1, name);                // NFTA_EXPR_NAME
            int data = writer.BeginNested(2);    // NFTA_EXPR_DATA
            parameters(ref writer);
            writer.EndNested(data);
            writer.EndNested(element);
        });
        return this;
    }

    private static void Value(ref NetlinkWriter writer, ushort type, byte[] value)
    {
        int data = writer.BeginNested(type);
        writer.Attribute(1, value); // NFTA_DATA_VALUE
        writer.EndNested(data);
    }

    private static byte[] Port(ushort port)
    {
        byte[] bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, port);
        return bytes;
    }
}
