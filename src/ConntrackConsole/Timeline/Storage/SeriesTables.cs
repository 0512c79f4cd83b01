using System.Buffers;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Blocks;

namespace ConntrackConsole.Timeline.Storage;

/// <summary>Reads and writes the stored tables of labels. Not thread-safe; its buffers are reused.</summary>
internal sealed class SeriesTables
{
    private const int OutputBytes = 16 * 1024;

    // Not before they are needed: an answer only reads, and makes one for each level and part.
    private ArrayBufferWriter<byte>? _output;
    private byte[] _buffer = [];

    public TextPool Texts { get; } = new();

    /// <summary>Replaces the content of a table; it is empty if none is stored.</summary>
    /// <returns>False if there is one that cannot be read: no labels may be added to it.</returns>
    public bool Read(BulkConnection rows, BlockKind kind, string name, long atMs, SeriesTable into)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(into);
        into.Clear();
        using var row = rows.Read("SELECT Bytes FROM SeriesTables WHERE Kind = $a AND Name = $b AND AtMs = $c", (long)kind, name, atMs);
        return !row.Read() || (BlockCodec.TryUnpack(BulkConnection.Blob(row, 0), ref _buffer, out var plain) && into.TryRead(plain, Texts));
    }

    public void Put(BulkConnection rows, BlockKind kind, string name, long atMs, SeriesTable table)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(table);
        var output = _output ??= new ArrayBufferWriter<byte>(OutputBytes);
        output.ResetWrittenCount();
        table.Write(output, stamped: true);
        rows.Execute(
            "INSERT INTO SeriesTables (Kind, Name, AtMs, Bytes) VALUES ($a, $b, $c, $d) ON CONFLICT (Kind, Name, AtMs) DO UPDATE SET Bytes = excluded.Bytes",
            (long)kind, name, atMs, BlockCodec.Pack(output.WrittenSpan));
    }
}
