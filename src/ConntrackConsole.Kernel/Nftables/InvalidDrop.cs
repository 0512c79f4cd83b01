using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Nftables;

/// <summary>
/// Whether a rule drops every INVALID packet: its only condition is conntrack's state, as an iptables match (a match of
/// xtables inside nftables) or as an nftables expression, and its verdict is drop. A rule with a further condition does not qualify.
/// </summary>
internal static class InvalidDrop
{
    private const uint StateInvalid = 1; // NF_CT_STATE_INVALID_BIT = XT_CONNTRACK_STATE_INVALID

    /// <param name="payload">A message NFT_MSG_NEWRULE, from its struct nfgenmsg on.</param>
    /// <exception cref="NetlinkException">It is malformed.</exception>
    public static bool IsIn(ReadOnlySpan<byte> payload)
    {
        bool invalid = false;
        uint mask = 0; // Not 0: a register contains the state's bits under this mask, to be compared next.
        var expressions = new NftRuleReader(payload).Expressions;
        while (expressions.MoveNext())
        {
            var name = expressions.Name;
            if (name.SequenceEqual("match"u8))
            {
                if (IsConntrackMatch(expressions.Data, out bool isCondition))
                    invalid = true;
                else if (isCondition)
                    return false;
            }
            else if (name.SequenceEqual("ct"u8))
            {
                if (Number(expressions.Data, 2) != 0) // NFTA_CT_KEY = NFT_CT_STATE
                    return false;
                mask = uint.MaxValue;
            }
            else if (name.SequenceEqual("bitwise"u8))
            {
                mask &= Register(expressions.Data, 4) ?? 0; // NFTA_BITWISE_MASK
                if (Register(expressions.Data, 5) != 0)     // NFTA_BITWISE_XOR
                    return false;
            }
            else if (name.SequenceEqual("cmp"u8))
            {
                if (!MatchesInvalid(expressions.Data, mask))
                    return false;
                invalid = true;
                mask = 0;
            }
            else if (name.SequenceEqual("immediate"u8))
            {
                return invalid && mask == 0 && IsDrop(expressions.Data);
            }
            else if (!name.SequenceEqual("counter"u8) && !name.SequenceEqual("log"u8))
            {
                return false;
            }
        }

        return false;
    }

    // Whether an INVALID packet (state = 1) passes "state & mask == value", or "!= value".
    private static bool MatchesInvalid(NetlinkAttributes data, uint mask)
    {
        if (mask == 0 || Register(data, 3) is not { } value) // NFTA_CMP_DATA
            return false;
        return Number(data, 2) switch // NFTA_CMP_OP
        {
            0 => (StateInvalid & mask) == value, // NFT_CMP_EQ
            1 => (StateInvalid & mask) != value, // NFT_CMP_NEQ
            _ => false,
        };
    }

    // struct xt_conntrack_mtinfo1 to 3 of linux/netfilter/xt_conntrack.h; in revision 1 the masks are bytes.
    private static bool IsConntrackMatch(NetlinkAttributes data, out bool isCondition)
    {
        const int flagsAt = 146, invertedAt = 148, statesAt = 150;
        const ushort onlyState = 1, stateAlias = 1 << 13; // XT_CONNTRACK_STATE; -m state instead of -m conntrack
        ReadOnlySpan<byte> name = default, info = default;
        uint revision = 0;
        while (data.MoveNext())
        {
            switch (data.Type)
            {
                case 1: // NFTA_MATCH_NAME
                    name = NftRuleReader.Name(data.Value);
                    break;
                case 2: // NFTA_MATCH_REV
                    revision = data.U32Network();
                    break;
                case 3: // NFTA_MATCH_INFO
                    info = data.Value;
                    break;
            }
        }

        // kube-proxy counts the dropped packets (-m nfacct) and adds a comment (-m comment): both match every packet.
        isCondition = !name.SequenceEqual("comment"u8) && !name.SequenceEqual("nfacct"u8);
        if (!name.SequenceEqual("conntrack"u8) || revision is < 1 or > 3 || info.Length < statesAt + 2)
            return false;
        int flags = MemoryMarshal.Read<ushort>(info[flagsAt..]) & ~stateAlias;
        int inverted = MemoryMarshal.Read<ushort>(info[invertedAt..]) & ~stateAlias;
        uint states = revision == 1 ? info[statesAt] : MemoryMarshal.Read<ushort>(info[statesAt..]);
        return flags == onlyState && (inverted == 0 ? (states & StateInvalid) != 0 : inverted == onlyState && (states & StateInvalid) == 0);
    }

    private static bool IsDrop(NetlinkAttributes data)
    {
        bool isVerdict = false, isDrop = false;
        while (data.MoveNext())
        {
            if (data.Type == 1) // NFTA_IMMEDIATE_DREG = NFT_REG_VERDICT
                isVerdict = data.U32Network() == 0;
            else if (data.Type == 2) // NFTA_IMMEDIATE_DATA
            {
                var value = data.Nested();
                while (value.MoveNext())
                {
                    if (value.Type == 2) // NFTA_DATA_VERDICT
                        isDrop = Number(value.Nested(), 1) == 0; // NFTA_VERDICT_CODE = NF_DROP
                }
            }
        }

        return isVerdict && isDrop;
    }

    private static uint? Number(NetlinkAttributes data, ushort type)
    {
        while (data.MoveNext())
        {
            if (data.Type == type)
                return data.U32Network();
        }

        return null;
    }

    // A value in a register: host order.
    private static uint? Register(NetlinkAttributes data, ushort type)
    {
        while (data.MoveNext())
        {
            if (data.Type != type)
                continue;
            var value = data.Nested();
            while (value.MoveNext())
            {
                if (value.Type == 1 && value.Value.Length == 4) // NFTA_DATA_VALUE
                    return value.U32Host();
            }
        }

        return null;
    }
}
