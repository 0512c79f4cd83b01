using System.Text;

namespace ConntrackConsole.Timeline.Blocks;

/// <summary>Equal texts as one string: the same pods are read in every block. Not thread-safe.</summary>
internal sealed class TextPool
{
    private const int MaxTexts = 200_000;

    private readonly HashSet<string> _texts = [];
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _bySpan;

    public TextPool() => _bySpan = _texts.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <param name="utf8">At most <see cref="BlockCodec.MaxText"/> bytes.</param>
    /// <returns>Null for an empty text.</returns>
    public string? Get(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty)
            return null;
        Span<char> chars = stackalloc char[BlockCodec.MaxText];
        var text = chars[..Encoding.UTF8.GetChars(utf8, chars)];
        if (_bySpan.TryGetValue(text, out string? known))
            return known;
        if (_texts.Count >= MaxTexts)
            _texts.Clear();
        string added = text.ToString();
        _texts.Add(added);
        return added;
    }
}
