using ConntrackConsole.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConntrackConsole.Audit;

/// <summary>Records who did what, where, why, and with which result. Append-only: rows are never changed or removed.</summary>
internal sealed partial class AuditLog(
    IDbContextFactory<ConsoleDb> databases, TimeProvider time, AuditKeys? keys = null, ILogger<AuditLog>? logger = null) : IDisposable
{
    private readonly SemaphoreSlim _writer = new(1);
    private readonly AuditKeys _keys = keys ?? AuditKeys.None;
    private readonly ILogger _logger = logger ?? NullLogger<AuditLog>.Instance;

    /// <summary>The last row that this process wrote.</summary>
    public AuditHead? Head { get; private set; }

    /// <summary>Raised after a row was added, on the writer's thread; handlers must be fast.</summary>
    public event Action? Appended;

    /// <exception cref="AuditUnavailableException">Appending a row would break the chain.</exception>
    public async Task<AuditEntry> AppendAsync(AuditNote note, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(note);
        AuditRow row;
        await _writer.WaitAsync(ct);
        try
        {
            row = await AppendRowAsync(note, ct);
            Head = new AuditHead(row.Id, row.Hash!);
            // Under the lock, so that heads appear in the log in the order of their rows.
            LogHead(row.Id, row.Hash!);
        }
        finally
        {
            _writer.Release();
        }

        Appended?.Invoke();
        return Entry(row);
    }

    private async Task<AuditRow> AppendRowAsync(AuditNote note, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        // BEGIN IMMEDIATE: until the commit no other console can append after the end that is read here.
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var end = await EndAsync(db, transaction, ct);
        if (end.KeyId is { } used && _keys.Current is null)
        {
            throw new AuditUnavailableException($"The audit log is keyed (key {used}), but no key is configured: set {Configuration.Keys.ConfigurationKeys.AuditKeyFile} or CONNTRACK_AUDIT_KEY to it. "
                + "If it is lost, set a new one: the log continues with that key.");
        }

        if (end.Before is null)
        {
            end = end with { Before = AuditChain.Beginning };
            if (end.Next > 1 && PreChain(db, transaction) is { Count: > 0 } earlier)
            {
                var first = Add(db, end, new AuditNote(
                    "conntrack-console", null, PreChainRows.What, null, null, "Rows from before the chain are covered by the chain from here on", null, earlier.ToJson(),
                    "ok", null, $"audit-{Guid.NewGuid():N}"));
                await db.SaveChangesAsync(ct);
                end = new ChainEnd(first.Id + 1, first.Hash, first.KeyId);
            }
        }

        var row = Add(db, end, note);
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return row;
    }

    private AuditRow Add(ConsoleDb db, ChainEnd end, AuditNote note)
    {
        var row = new AuditRow
        {
            Id = end.Next,
            AtMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
            Who = Clean(note.Who)!, From = Clean(note.From), What = Clean(note.What)!, Where = Clean(note.Where), Target = Clean(note.Target),
            Why = Clean(note.Why)!, Before = Clean(note.Before), After = Clean(note.After), Result = Clean(note.Result)!, DurationMs = note.DurationMs,
            ActionId = Clean(note.ActionId)!, Session = Clean(note.Session), Roles = Clean(note.Roles), IncidentId = Clean(note.IncidentId),
            Details = Clean(note.Details), Code = Clean(note.Code), KeyId = _keys.Current?.Id,
        };
        row.Hash = AuditChain.Hash(end.Before!, AuditChain.Canonical(row), _keys.Current);
        db.Audit.Add(row);
        return row;
    }

    private static async Task<ChainEnd> EndAsync(ConsoleDb db, IDbContextTransaction transaction, CancellationToken ct)
    {
        long given = StoredRows.HighestNumber((SqliteConnection)db.Database.GetDbConnection(), (SqliteTransaction)transaction.GetDbTransaction());
        long last = await db.Audit.MaxAsync(r => (long?)r.Id, ct) ?? 0;
        // An inserted row without a hash does not end the chain.
        var end = await db.Audit.Where(r => r.Hash != null).OrderByDescending(r => r.Id).Select(r => new { r.Hash, r.KeyId }).FirstOrDefaultAsync(ct);
        return new ChainEnd(Math.Max(given, last) + 1, end?.Hash, end?.KeyId);
    }

    private static PreChainRows PreChain(ConsoleDb db, IDbContextTransaction transaction)
    {
        using var rows = StoredRows.Read((SqliteConnection)db.Database.GetDbConnection(), (SqliteTransaction)transaction.GetDbTransaction());
        using var earlier = new PreChainRowsReader();
        while (rows.Next())
            earlier.Add(rows);
        return earlier.Take();
    }

    // Replaces what SQLite would not return unchanged: lone surrogates and NUL characters.
    private static string? Clean(string? text) => text is null ? null
        : System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text)).Replace('\0', '\uFFFD');

    public void Dispose() => _writer.Dispose();

    [LoggerMessage(Level = LogLevel.Information, Message = "Audit head: row {Row}, {Hash}")]
    private partial void LogHead(long row, string hash);

    /// <param name="Next">The number of the next row.</param>
    /// <param name="Before">The hash of the last row in the chain; null if there is no chain yet.</param>
    private readonly record struct ChainEnd(long Next, string? Before, string? KeyId);
}

/// <summary>The audit log cannot be written. The message explains to the user what is wrong and what to do.</summary>
internal sealed class AuditUnavailableException(string message) : Exception(message);
