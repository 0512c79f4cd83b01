using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ConntrackConsole.Audit;

/// <summary>
/// Reads rows as stored in the file, ordered by number: raw bytes and kinds, because a changed bit could be lost in a conversion.
/// </summary>
internal sealed class StoredRows : IDisposable
{
    private readonly SqliteCommand _command;
    private readonly SqliteDataReader _reader;
    private readonly CanonicalForm _form = new();

    private StoredRows(SqliteCommand command)
    {
        _command = command;
        _reader = command.ExecuteReader();
    }

    public long Id => _reader.GetInt64(0);

    /// <summary>Empty if it is not text.</summary>
    public string? Hash => Text(AuditChain.Columns.Length);

    /// <summary>Empty if it is not text.</summary>
    public string? KeyId => Text(Array.IndexOf(AuditChain.Columns, nameof(AuditRow.KeyId)));

    public string? What => Text(Array.IndexOf(AuditChain.Columns, nameof(AuditRow.What)));

    public string? After => Text(Array.IndexOf(AuditChain.Columns, nameof(AuditRow.After)));

    public ReadOnlySpan<byte> Canonical => _form.Bytes;

    public static StoredRows Read(SqliteConnection connection, SqliteTransaction transaction)
    {
        var command = connection.CreateCommand();
        command.Transaction = transaction;
        // NOT INDEXED: the content of an index proves nothing about the table.
        bool hasCode = HasCode(connection, transaction);
        command.CommandText = $"SELECT {string.Join(", ", AuditChain.Columns.Append(nameof(AuditRow.Hash)).Select(c => c == nameof(AuditRow.Code) && !hasCode ? "NULL" : $"\"{c}\""))} FROM \"Audit\" NOT INDEXED ORDER BY \"Id\"";
        try
        {
            return new StoredRows(command);
        }
        catch
        {
            command.Dispose();
            throw;
        }
    }

    /// <summary>The highest number ever given to a row; numbers are never reused, so that removing the last rows leaves a gap.</summary>
    public static long HighestNumber(SqliteConnection connection, SqliteTransaction transaction)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'Audit'";
        return command.ExecuteScalar() is long last ? last : 0;
    }

    // A copy written by an older version lacks this column, and verification does not migrate.
    private static bool HasCode(SqliteConnection connection, SqliteTransaction transaction)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"SELECT COUNT(*) FROM pragma_table_info('Audit') WHERE name = '{nameof(AuditRow.Code)}'";
        return command.ExecuteScalar() is > 0L;
    }

    public bool Next()
    {
        if (!_reader.Read())
            return false;
        _form.Clear();
        var row = _reader.Handle!;
        for (int i = 0; i < AuditChain.Columns.Length; i++)
        {
            switch (raw.sqlite3_column_type(row, i))
            {
                case raw.SQLITE_NULL when i == AuditChain.Optional:
                    break;
                case raw.SQLITE_NULL:
                    _form.Null();
                    break;
                case raw.SQLITE_INTEGER:
                    _form.Integer(raw.sqlite3_column_int64(row, i));
                    break;
                case raw.SQLITE_TEXT:
                    _form.Text(raw.sqlite3_column_blob(row, i));
                    break;
                default:
                    _form.Foreign(raw.sqlite3_column_blob(row, i));
                    break;
            }
        }

        return true;
    }

    private string? Text(int column) => raw.sqlite3_column_type(_reader.Handle!, column) switch
    {
        raw.SQLITE_NULL => null,
        raw.SQLITE_TEXT => _reader.GetString(column),
        _ => "",
    };

    public void Dispose()
    {
        _reader.Dispose();
        _command.Dispose();
    }
}
