using System.Data.Common;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Blocks;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Timeline.Storage;

/// <summary>
/// Stored blocks for one answer, on a connection of its own: one snapshot, whatever is written or deleted meanwhile. Intervals are those of the
/// blocks' beginnings. Not thread-safe.
/// </summary>
internal sealed class StoredBlocks : IDisposable
{
    private const int BusySeconds = 30;

    private readonly SeriesTables _tables = new();
    private readonly BulkConnection _rows;
    private readonly BulkTransaction _snapshot;

    public StoredBlocks(IDbContextFactory<ConsoleDb> databases)
    {
        _rows = new BulkConnection(databases, BusySeconds);
        try
        {
            _snapshot = _rows.Begin(readOnly: true);
        }
        catch
        {
            _rows.Dispose();
            throw;
        }
    }

    public TextPool Texts => _tables.Texts;

    /// <summary>Where the blocks of a name begin.</summary>
    public HashSet<long> Starts(BlockKind kind, Level level, string name, long fromMs, long toMs)
    {
        var starts = new HashSet<long>();
        using var row = Read("SELECT AtMs FROM Blocks WHERE Kind = $a AND Step = $b AND Name = $e AND AtMs >= $c AND AtMs < $d", kind, level, name, fromMs, toMs);
        while (row.Read())
            starts.Add(row.GetInt64(0));
        return starts;
    }

    /// <summary>The blocks of a name: name, beginning, <see cref="Bytes"/>.</summary>
    public DbDataReader Named(BlockKind kind, Level level, string name, long fromMs, long toMs) =>
        Read("SELECT Name, AtMs, Bytes FROM Blocks WHERE Kind = $a AND Step = $b AND Name = $e AND AtMs >= $c AND AtMs < $d", kind, level, name, fromMs, toMs);

    /// <summary>The blocks of all other names: name, beginning, <see cref="Bytes"/>.</summary>
    public DbDataReader Others(BlockKind kind, Level level, string name, long fromMs, long toMs) =>
        Read("SELECT Name, AtMs, Bytes FROM Blocks WHERE Kind = $a AND Step = $b AND AtMs >= $c AND AtMs < $d AND Name <> $e", kind, level, name, fromMs, toMs);

    /// <summary>The blocks of all names, the newest first: name, beginning, <see cref="Bytes"/>.</summary>
    public DbDataReader NewestFirst(BlockKind kind, Level level, long fromMs, long toMs) => _rows.Read(
        "SELECT Name, AtMs, Bytes FROM Blocks WHERE Kind = $a AND Step = $b AND AtMs >= $c AND AtMs < $d ORDER BY AtMs DESC", (long)kind, (long)level.Step, fromMs, toMs);

    /// <summary>The packed block of the current row, without a copy: valid until the next row is read.</summary>
    public static ReadOnlySpan<byte> Bytes(DbDataReader row) => BulkConnection.Blob(row, 2);

    /// <summary>The labels of a name's series in the hour that begins at a moment; empty if none can be read.</summary>
    public SeriesTable Labels(BlockKind kind, string name, long hourMs)
    {
        var table = new SeriesTable();
        _tables.Read(_rows, kind, name, hourMs, table);
        return table;
    }

    public void Dispose()
    {
        _snapshot.Dispose();
        _rows.Dispose();
    }

    private DbDataReader Read(string sql, BlockKind kind, Level level, string name, long fromMs, long toMs) =>
        _rows.Read(sql, (long)kind, (long)level.Step, fromMs, toMs, name);
}
