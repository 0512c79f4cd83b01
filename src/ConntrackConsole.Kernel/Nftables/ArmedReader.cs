using System.Text;
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Nftables;

/// <summary>Parses an <see cref="ArmedState"/> from the kernel's messages.</summary>
internal static class ArmedReader
{
    /// <exception cref="NetlinkException">A message is malformed.</exception>
    public static ArmedState Read(IEnumerable<byte[]> elements, IEnumerable<byte[]> rules)
    {
        var state = default(ArmedState);
        foreach (byte[] payload in elements)
            Elements(payload, ref state);
        foreach (byte[] payload in rules)
            Rule(payload, ref state);
        return state;
    }

    /// <summary>A message NFT_MSG_NEWSETELEM: some elements of the set.</summary>
    internal static void Elements(ReadOnlySpan<byte> payload, ref ArmedState state)
    {
        if (payload.Length < 4)
            Malformed.Throw("set", 0, payload.Length, 4);
        var attributes = new NetlinkAttributes(payload[4..]);
        while (attributes.MoveNext())
        {
            if (attributes.Type != 3) // NFTA_SET_ELEM_LIST_ELEMENTS
                continue;
            var list = attributes.Nested();
            while (list.MoveNext())
            {
                var left = Element(list.Nested(), out var family);
                if (family == NftFamily.Ipv4)
                    state = state with { Ipv4 = left };
                else if (family == NftFamily.Ipv6)
                    state = state with { Ipv6 = left };
            }
        }
    }

    /// <summary>A message NFT_MSG_NEWRULE.</summary>
    internal static void Rule(ReadOnlySpan<byte> payload, ref ArmedState state)
    {
        var rule = new NftRuleReader(payload);
        if (!Is(rule.Table, ArmedFilter.Table))
            return; // A kernel before 4.9 dumps the rules of all tables.
        var expressions = rule.Expressions;
        while (expressions.MoveNext())
        {
            if (!expressions.Name.SequenceEqual("counter"u8))
                continue;
            var count = Count(expressions.Data);
            if (Is(rule.Chain, ArmedFilter.Forward))
                state = state with { Forward = count };
            else if (Is(rule.Chain, ArmedFilter.Input))
                state = state with { Input = count };
        }
    }

    private static TimeSpan Element(NetlinkAttributes attributes, out NftFamily family)
    {
        family = default;
        var left = TimeSpan.MaxValue;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case 1: // NFTA_SET_ELEM_KEY
                    var key = attributes.Nested();
                    while (key.MoveNext())
                    {
                        if (key.Type == 1) // NFTA_DATA_VALUE
                            family = (NftFamily)key.U8();
                    }

                    break;
                case 5: // NFTA_SET_ELEM_EXPIRATION, milliseconds
                    left = TimeSpan.FromMilliseconds(Math.Min(attributes.U64Network(), (ulong)int.MaxValue));
                    break;
            }
        }

        return left;
    }

    private static NftCount Count(NetlinkAttributes attributes)
    {
        var count = default(NftCount);
        while (attributes.MoveNext())
        {
            if (attributes.Type == 1) // NFTA_COUNTER_BYTES
                count = count with { Bytes = attributes.U64Network() };
            else if (attributes.Type == 2) // NFTA_COUNTER_PACKETS
                count = count with { Packets = attributes.U64Network() };
        }

        return count;
    }

    private static bool Is(ReadOnlySpan<byte> name, string wanted) => Encoding.ASCII.GetString(name) == wanted;
}
