using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Components.Palette;

/// <summary>How well something matches the typed text.</summary>
internal enum MatchRank
{
    Exact,
    Prefix,
    Part,
    None,
}

/// <summary>The text that was typed. It is compared as it is, ignoring case: it is no pattern. Comparisons allocate nothing.</summary>
internal sealed class PaletteTerm
{
    // "255.255.255.255", and more than any group of IPv6.
    private const int MaxAddress = 15;

    private readonly string _text;
    private readonly int _slash;
    private readonly bool _isAddress;
    private readonly int[] _groups = [];
    private readonly string _lastGroup = "";

    public PaletteTerm(string text)
    {
        _text = text;
        _slash = text.IndexOf('/', StringComparison.Ordinal);
        Address = Ip.TryParse(text, out var address) ? address : default;
        _isAddress = text.AsSpan().IndexOfAny('.', ':') >= 0 && text.All(c => char.IsAsciiHexDigit(c) || c is '.' or ':');
        if (!_isAddress || !Address.IsNone || !text.Contains(':', StringComparison.Ordinal) || text.Contains("::", StringComparison.Ordinal))
            return;
        string[] parts = text.Split(':');
        if (parts.Length > 8 || parts.Any(part => part.Length > 4) || parts[..^1].Any(part => !int.TryParse(part, System.Globalization.NumberStyles.HexNumber, null, out _)))
            return;
        (_groups, _lastGroup) = ([.. parts[..^1].Select(part => Convert.ToInt32(part, 16))], parts[^1]);
    }

    /// <summary>The address that was typed completely, or none.</summary>
    public Ip Address { get; }

    public MatchRank Of(string value)
    {
        int at = value.AsSpan().IndexOf(_text, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? MatchRank.None : at > 0 ? MatchRank.Part : value.Length == _text.Length ? MatchRank.Exact : MatchRank.Prefix;
    }

    /// <summary>Of a name in a namespace: the typed text is of the name, or of "namespace/name".</summary>
    public MatchRank Of(string ns, string name)
    {
        if (_slash < 0)
        {
            var own = Of(name);
            return own == MatchRank.None && ns.AsSpan().IndexOf(_text, StringComparison.OrdinalIgnoreCase) >= 0 ? MatchRank.Part : own;
        }

        ReadOnlySpan<char> space = _text.AsSpan(0, _slash), rest = _text.AsSpan(_slash + 1);
        if (!ns.AsSpan().EndsWith(space, StringComparison.OrdinalIgnoreCase) || !name.AsSpan().StartsWith(rest, StringComparison.OrdinalIgnoreCase))
            return MatchRank.None;
        return ns.Length != space.Length ? MatchRank.Part : name.Length == rest.Length ? MatchRank.Exact : MatchRank.Prefix;
    }

    /// <summary>Of an address: the whole of it, or its beginning.</summary>
    public MatchRank Of(Ip ip)
    {
        if (!_isAddress || ip.IsNone)
            return MatchRank.None;
        if (!Address.IsNone)
            return ip == Address ? MatchRank.Exact : ip.IsV4 && Address.IsV4 && StartsV4(ip) ? MatchRank.Prefix : MatchRank.None;
        return (ip.IsV4 ? StartsV4(ip) : StartsV6(ip)) ? MatchRank.Prefix : MatchRank.None;
    }

    /// <summary>The best of several addresses.</summary>
    public MatchRank Of(IReadOnlyList<Ip> addresses)
    {
        var best = MatchRank.None;
        for (int i = 0; _isAddress && i < addresses.Count; i++)
            best = (MatchRank)Math.Min((int)best, (int)Of(addresses[i]));
        return best;
    }

    private bool StartsV4(Ip ip)
    {
        if (_text.Length > MaxAddress)
            return false;
        Span<char> text = stackalloc char[MaxAddress];
        uint number = ip.V4Number;
        int length = 0;
        for (int shift = 24; shift >= 0; shift -= 8)
        {
            ((number >> shift) & 255).TryFormat(text[length..], out int digits);
            length += digits;
            if (shift > 0)
                text[length++] = '.';
        }

        return ((ReadOnlySpan<char>)text[..length]).StartsWith(_text);
    }

    // By groups: the text of an address has no leading zeros, and may be shortened anywhere.
    private bool StartsV6(Ip ip)
    {
        if (_groups.Length == 0)
            return false;
        Span<byte> bytes = stackalloc byte[16];
        ip.WriteBytes(bytes);
        for (int i = 0; i < _groups.Length; i++)
        {
            if (((bytes[2 * i] << 8) | bytes[(2 * i) + 1]) != _groups[i])
                return false;
        }

        Span<char> last = stackalloc char[4];
        int group = (bytes[2 * _groups.Length] << 8) | bytes[(2 * _groups.Length) + 1];
        return group.TryFormat(last, out int length, "x") && ((ReadOnlySpan<char>)last[..length]).StartsWith(_lastGroup, StringComparison.OrdinalIgnoreCase);
    }
}
