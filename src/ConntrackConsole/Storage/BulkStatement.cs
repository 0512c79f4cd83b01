using System.Data.Common;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ConntrackConsole.Storage;

/// <summary>
/// A prepared statement for the rows that come every second by the thousand. The library's own command makes some 2 KB of garbage
/// for each execution; this makes none. Only within a transaction that has the write lock: it waits for no other writer.
/// </summary>
internal sealed class BulkStatement : IDisposable
{
    // Names of nodes and runs: longer ones are rare.
    private const int MaxStackBytes = 512;

    private readonly sqlite3 _connection;
    private readonly sqlite3_stmt _statement;
    private int _bound;

    /// <exception cref="DbException">It is no statement of this database.</exception>
    internal BulkStatement(sqlite3 connection, string sql)
    {
        _connection = connection;
        Check(raw.sqlite3_prepare_v2(connection, sql, out _statement), raw.SQLITE_OK);
    }

    /// <summary>Binds the next parameter.</summary>
    public BulkStatement Bind(long value)
    {
        Check(raw.sqlite3_bind_int64(_statement, ++_bound, value), raw.SQLITE_OK);
        return this;
    }

    /// <summary>Binds the next parameter.</summary>
    public BulkStatement Bind(double value)
    {
        Check(raw.sqlite3_bind_double(_statement, ++_bound, value), raw.SQLITE_OK);
        return this;
    }

    /// <summary>Binds the next parameter.</summary>
    public BulkStatement Bind(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        int most = Encoding.UTF8.GetMaxByteCount(value.Length);
        Span<byte> bytes = most <= MaxStackBytes ? stackalloc byte[MaxStackBytes] : new byte[most];
        Check(raw.sqlite3_bind_text(_statement, ++_bound, bytes[..Encoding.UTF8.GetBytes(value, bytes)]), raw.SQLITE_OK);
        return this;
    }

    /// <summary>Binds the next parameter.</summary>
    public BulkStatement Bind(ReadOnlySpan<byte> value)
    {
        Check(raw.sqlite3_bind_blob(_statement, ++_bound, value), raw.SQLITE_OK);
        return this;
    }

    /// <summary>Executes it with the values that were bound since the last time.</summary>
    /// <exception cref="DbException">It was not executed.</exception>
    public void Execute()
    {
        int result = raw.sqlite3_step(_statement);
        try
        {
            Check(result, raw.SQLITE_DONE);
        }
        finally
        {
            // Its result repeats that of the step.
            raw.sqlite3_reset(_statement);
            _bound = 0;
        }
    }

    public void Dispose() => _statement.Dispose();

    private void Check(int result, int expected)
    {
        if (result == expected)
            return;
        _bound = 0;
        throw new SqliteException(raw.sqlite3_errmsg(_connection).utf8_to_string(), result, raw.sqlite3_extended_errcode(_connection));
    }
}
