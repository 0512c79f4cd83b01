using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace ConntrackConsole.Bench;

/// <summary>A recorded object in which some strings are replaced, as fast as bytes can be copied.</summary>
internal sealed class JsonTemplate
{
    private readonly byte[][] _fixed;
    private readonly int[] _slots;

    /// <param name="kind">A list in tests/fixtures.</param>
    /// <param name="words">The strings to replace; each becomes the slot with its index in this list.</param>
    public JsonTemplate(string kind, Func<JsonElement, bool> which, Func<string, string> change, params string[] words)
    {
        using var list = Recorded(kind);
        string text = change(list.RootElement.GetProperty("items").EnumerateArray().First(which).GetRawText());
        var parts = new List<byte[]>();
        var slots = new List<int>();
        int from = 0;
        while (true)
        {
            var next = words.Select((word, slot) => (At: text.IndexOf(word, from, StringComparison.Ordinal), word, slot))
                .Where(found => found.At >= 0).OrderBy(found => found.At).ThenByDescending(found => found.word.Length).FirstOrDefault((At: -1, word: "", slot: -1));
            if (next.At < 0)
                break;
            parts.Add(Encoding.UTF8.GetBytes(text[from..next.At]));
            slots.Add(next.slot);
            from = next.At + next.word.Length;
        }

        parts.Add(Encoding.UTF8.GetBytes(text[from..]));
        (_fixed, _slots) = ([.. parts], [.. slots]);
        Bytes = Encoding.UTF8.GetByteCount(text);
    }

    public int Bytes { get; }

    /// <summary>A list of the recorded cluster: beside a test's program, or in the repository, because a bench runs from its root.</summary>
    public static JsonDocument Recorded(string kind)
    {
        const string Folder = "fixtures/recordings/rollout-graceful/lists";
        string beside = Path.Combine(AppContext.BaseDirectory, Folder);
        using var unzipped = new GZipStream(File.OpenRead(Path.Combine(Directory.Exists(beside) ? beside : $"tests/{Folder}", $"{kind}.json.gz")), CompressionMode.Decompress);
        return JsonDocument.Parse(unzipped);
    }

    public void Write(Stream to, params ReadOnlySpan<string> values)
    {
        Span<byte> word = stackalloc byte[512];
        for (int part = 0; part < _slots.Length; part++)
        {
            to.Write(_fixed[part]);
            string value = values[_slots[part]];
            if (value.Length > 160)
                to.Write(Encoding.UTF8.GetBytes(value));
            else
                to.Write(word[..Encoding.UTF8.GetBytes(value, word)]);
        }

        to.Write(_fixed[^1]);
    }
}
