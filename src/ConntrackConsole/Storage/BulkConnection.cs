using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Storage;

/// <summary>
/// A separate connection with prepared statements, for rows that are too many for entities. Components provide the SQL and do not
/// depend on the provider. The parameters of a statement are $a, $b … in the order of the values. Not thread-safe.
/// </summary>
/// <param name="busySeconds">How long a statement waits for another writer.</param>
internal sealed class BulkConnection(IDbContextFactory<ConsoleDb> databases, int busySeconds) : IDisposable
{
    private readonly Dictionary<string, SqliteCommand> _commands = [];
    private readonly Dictionary<string, BulkStatement> _statements = [];
    private SqliteConnection? _connection;
    private SqliteTransaction? _transaction;

    /// <summary>Everything that is executed until its end is one transaction; without a commit it is rolled back.</summary>
    /// <param name="readOnly">A snapshot for reading, which takes no lock.</param>
    public BulkTransaction Begin(bool readOnly = false)
    {
        _transaction = Open().BeginTransaction(deferred: readOnly);
        return new BulkTransaction(_transaction, () => _transaction = null);
    }

    /// <summary>A statement that is executed for many rows within a transaction, without garbage.</summary>
    public BulkStatement Statement(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
            _statements[sql] = statement = new BulkStatement(Open().Handle!, sql);
        return statement;
    }

    /// <returns>How many rows were changed.</returns>
    /// <exception cref="DbException">It was not executed.</exception>
    public int Execute(string sql, params ReadOnlySpan<object?> values) => Prepared(sql, values).ExecuteNonQuery();

    /// <returns>The first value, or 0 if there is no row.</returns>
    public long Number(string sql, params ReadOnlySpan<object?> values) => Prepared(sql, values).ExecuteScalar() as long? ?? 0;

    /// <returns>The first value; null if there is no row.</returns>
    public object? Scalar(string sql, params ReadOnlySpan<object?> values) => Prepared(sql, values).ExecuteScalar() is var value and not DBNull ? value : null;

    /// <summary>The rows of a statement; read them to the end before it is executed again.</summary>
    public DbDataReader Read(string sql, params ReadOnlySpan<object?> values) => Prepared(sql, values).ExecuteReader();

    /// <summary>The bytes of a column of the current row, without a copy: valid until the next row is read.</summary>
    public static ReadOnlySpan<byte> Blob(DbDataReader row, int column) => SQLitePCL.raw.sqlite3_column_blob(((SqliteDataReader)row).Handle, column);

    /// <summary>The size of the database on disk, without free pages.</summary>
    public long UsedBytes() =>
        Number("SELECT (SELECT page_count FROM pragma_page_count()) - (SELECT freelist_count FROM pragma_freelist_count())") * Number("SELECT page_size FROM pragma_page_size()");

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
            statement.Dispose();
        foreach (var command in _commands.Values)
            command.Dispose();
        _connection?.Dispose();
    }

    private SqliteConnection Open()
    {
        if (_connection is not null)
            return _connection;
        using var db = databases.CreateDbContext();
        var connection = new SqliteConnection(db.Database.GetConnectionString()) { DefaultTimeout = busySeconds };
        connection.Open();
        return _connection = connection;
    }

    private SqliteCommand Prepared(string sql, ReadOnlySpan<object?> values)
    {
        if (!_commands.TryGetValue(sql, out var command))
        {
            command = Open().CreateCommand();
            command.CommandText = sql;
            for (int i = 0; i < values.Length; i++)
                command.Parameters.Add(new SqliteParameter { ParameterName = "$" + (char)('a' + i) });
            _commands[sql] = command;
        }

        command.Transaction = _transaction;
        for (int i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        return command;
    }
}

/// <summary>A transaction of a <see cref="BulkConnection"/>; without <see cref="Commit"/> it is rolled back.</summary>
internal sealed class BulkTransaction : IDisposable
{
    private readonly DbTransaction _transaction;
    private readonly Action _end;

    internal BulkTransaction(DbTransaction transaction, Action end) => (_transaction, _end) = (transaction, end);

    public void Commit() => _transaction.Commit();

    public void Dispose()
    {
        _end();
        _transaction.Dispose();
    }
}
