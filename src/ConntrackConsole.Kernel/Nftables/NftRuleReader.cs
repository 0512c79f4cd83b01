using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Nftables;

/// <summary>A rule from a kernel message: its table, its chain, and its expressions in order.</summary>
internal readonly ref struct NftRuleReader
{
    private readonly ReadOnlySpan<byte> _expressions;

    /// <param name="payload">A message NFT_MSG_NEWRULE, from its struct nfgenmsg on.</param>
    /// <exception cref="NetlinkException">The message is malformed.</exception>
    public NftRuleReader(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 4)
            Malformed.Throw("rule", 0, payload.Length, 4);
        var attributes = new NetlinkAttributes(payload[4..]);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case 1: // NFTA_RULE_TABLE
                    Table = Name(attributes.Value);
                    break;
                case 2: // NFTA_RULE_CHAIN
                    Chain = Name(attributes.Value);
                    break;
                case 4: // NFTA_RULE_EXPRESSIONS
                    _expressions = attributes.Value;
                    break;
            }
        }
    }

    public ReadOnlySpan<byte> Table { get; }

    public ReadOnlySpan<byte> Chain { get; }

    public NftExpressions Expressions => new(_expressions);

    /// <summary>A kernel string without its terminating zero.</summary>
    public static ReadOnlySpan<byte> Name(ReadOnlySpan<byte> value)
    {
        int end = value.IndexOf((byte)0);
        return end < 0 ? value : value[..end];
    }
}

/// <summary>Enumerates the expressions of a rule.</summary>
internal ref struct NftExpressions(ReadOnlySpan<byte> list)
{
    private NetlinkAttributes _elements = new(list);

    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The parameters of the current expression.</summary>
    public NetlinkAttributes Data { get; private set; }

    public bool MoveNext()
    {
        if (!_elements.MoveNext())
            return false;
        Name = default;
        Data = default;
        var parts = _elements.Nested();
        while (parts.MoveNext())
        {
            if (parts.Type == 1) // NFTA_EXPR_NAME
                Name = NftRuleReader.Name(parts.Value);
            else if (parts.Type == 2) // NFTA_EXPR_DATA
                Data = parts.Nested();
        }

        return true;
    }
}
