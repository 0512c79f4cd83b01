using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using ConntrackConsole.Incidents.Report;

namespace ConntrackConsole.Incidents.Export;

/// <summary>
/// Replaces names and addresses in texts, within one file always the same by the same. An IPv4 address becomes one of the ranges for documentation
/// (then of the one for benchmarks), an IPv6 address one of 2001:db8::/32. A name is replaced wherever it is a word of its own, also where that
/// word means something else: too much is replaced rather than too little.
/// </summary>
internal sealed partial class Redactor
{
    private static readonly byte[][] Documentation = [[192, 0, 2], [198, 51, 100], [203, 0, 113]];

    private readonly Dictionary<string, string> _pseudonyms = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, int> _counts = [];
    private readonly Dictionary<IPAddress, string> _addresses = [];
    private readonly IReadOnlyDictionary<string, string> _kinds;
    private readonly HashSet<string> _stems;
    private readonly Regex _pattern;

    public Redactor(ReportNames names)
    {
        ArgumentNullException.ThrowIfNull(names);
        _kinds = names.Kinds;
        // Names of pods begin with that of their workload.
        _stems = _kinds.Where(name => name.Value is "workload" or "service").Select(name => name.Key).ToHashSet(StringComparer.OrdinalIgnoreCase);
        // Names of several words come first; within a word the parts of a DNS name are looked up one by one.
        var phrases = _kinds.Keys.Where(name => !Word().IsMatch(name)).OrderByDescending(name => name.Length).Select(Regex.Escape).ToList();
        string phrase = phrases.Count == 0 ? "(?!)" : $@"(?<!\w)(?:{string.Join('|', phrases)})(?!\w)";
        _pattern = new Regex($@"(?<phrase>{phrase})|(?<six>(?<![\w:.]){SixForm}(?![\w:]))|(?<four>(?<![\w.])\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?![\w]|\.\d))|(?<word>[\p{{L}}\p{{N}}](?:[\p{{L}}\p{{N}}_.-]*[\p{{L}}\p{{N}}_])?)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5));
    }

    private const string SixForm = @"(?:[0-9a-f]{0,4}:){2,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4})";

    public string Text(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return _pattern.Replace(text, match =>
            match.Groups["phrase"].Success ? Pseudonym(match.Value)
            : match.Groups["six"].Success || match.Groups["four"].Success ? Address(match.Value)
            : Name(match.Value));
    }

    private string Address(string text)
    {
        if (!IPAddress.TryParse(text, out var address))
            return text;
        if (!_addresses.TryGetValue(address, out string? known))
            _addresses[address] = known = address.AddressFamily == AddressFamily.InterNetworkV6 ? Six(Next("six")) : Four(Next("four"));
        return known;
    }

    private static string Six(int number) => string.Create(CultureInfo.InvariantCulture, $"2001:db8::{number >> 16:x}:{number & 0xffff:x}");

    private static string Four(int number)
    {
        const int Each = 254;
        int range = (number - 1) / Each;
        if (range < Documentation.Length)
            return string.Create(CultureInfo.InvariantCulture, $"{string.Join('.', Documentation[range])}.{((number - 1) % Each) + 1}");
        // 198.18.0.0/15, then it wraps: an export has fewer addresses.
        int rest = (number - 1 - (Each * Documentation.Length)) & 0x1ffff;
        return string.Create(CultureInfo.InvariantCulture, $"198.{18 + (rest >> 16)}.{(rest >> 8) & 0xff}.{rest & 0xff}");
    }

    private string Name(string word)
    {
        if (_kinds.ContainsKey(word))
            return Pseudonym(word);
        for (int dash = word.IndexOf('-', StringComparison.Ordinal); dash > 0; dash = word.IndexOf('-', dash + 1))
        {
            if (_stems.Contains(word[..dash]))
                return Pseudonym(word, "pod");
        }

        return word.Contains('.', StringComparison.Ordinal) ? string.Join('.', word.Split('.').Select(part => _kinds.ContainsKey(part) ? Pseudonym(part) : part)) : word;
    }

    private string Pseudonym(string name, string? kind = null)
    {
        if (!_pseudonyms.TryGetValue(name, out string? known))
        {
            kind ??= _kinds[name];
            _pseudonyms[name] = known = string.Create(CultureInfo.InvariantCulture, $"{kind}-{Next(kind)}");
        }

        return known;
    }

    private int Next(string kind) => _counts[kind] = _counts.GetValueOrDefault(kind) + 1;

    [GeneratedRegex(@"^[\p{L}\p{N}](?:[\p{L}\p{N}_.-]*[\p{L}\p{N}_])?$", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
