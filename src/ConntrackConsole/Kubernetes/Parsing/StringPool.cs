using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace ConntrackConsole.Kubernetes.Parsing;

/// <summary>
/// Interns strings that many objects repeat (namespaces, nodes, phases, template hashes). Two generations: the older one is
/// dropped whenever the younger is full, so unused strings are freed.
/// </summary>
internal sealed class StringPool(int generation)
{
    private const int MaxLength = 253;

    // Holds 5,000 nodes, and names and uids of 10,000 ReplicaSets, which their pods repeat.
    public static readonly StringPool Shared = new(65_536);

    private readonly Lock _lock = new();
    private HashSet<string> _young = [];
    private HashSet<string> _old = [];

    public string Of(ReadOnlySpan<char> text)
    {
        lock (_lock)
        {
            if (_young.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out string? known))
                return known;
            string kept = _old.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out known) ? known : text.ToString();
            if (_young.Count >= generation)
                (_old, _young) = (_young, []);
            _young.Add(kept);
            return kept;
        }
    }

    /// <summary>The text of a JSON string, without an allocation if it is pooled; null for any other value.</summary>
    public string? Of(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
            return null;
        var raw = JsonMarshal.GetRawUtf8Value(value)[1..^1];
        if (raw.Length > MaxLength || raw.Contains((byte)'\\'))
            return value.GetString();
        Span<char> chars = stackalloc char[MaxLength];
        return Of(chars[..Encoding.UTF8.GetChars(raw, chars)]);
    }
}
