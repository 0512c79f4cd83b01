using Microsoft.Data.Sqlite;

namespace ConntrackConsole.Audit;

/// <summary>Verifies the chain from its first row to its last, and stops at the first fault. It reads one row at a time.</summary>
internal sealed class AuditChainReader(SqliteConnection connection, SqliteTransaction transaction, AuditKeys keys, AuditHead? given) : IDisposable
{
    private readonly PreChainRowsReader _earlier = new();
    private string _before = AuditChain.Beginning;
    private long _expected = 1;
    private long _rows;
    private long _keyed;
    private int _keyAge = int.MaxValue;
    private bool _chained;
    private AuditHead? _head;

    public AuditVerdict Verify(CancellationToken ct)
    {
        AuditFault? fault = null;
        try
        {
            using var rows = StoredRows.Read(connection, transaction);
            while (fault is null && rows.Next())
            {
                ct.ThrowIfCancellationRequested();
                fault = Step(rows);
            }

            fault ??= End();
        }
        catch (SqliteException e) when (e.SqliteErrorCode is SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB)
        {
            fault = new AuditFault(_expected, AuditFaultKind.Unreadable, $"Row {_expected} cannot be read: the database file is damaged (SQLite: {e.Message.TrimEnd('.')}).");
        }

        return new AuditVerdict(_rows, _keyed, _earlier.Count, _head, fault, given is not null);
    }

    private AuditFault? Step(StoredRows row)
    {
        long id = row.Id;
        string? hash = row.Hash;
        if (!_chained && hash is null)
        {
            _earlier.Add(row);
            _rows++;
            _expected = id + 1;
            return null;
        }

        if (!_chained && _earlier.Count > 0 && row.What != PreChainRows.What)
        {
            return new AuditFault(_earlier.FirstId, AuditFaultKind.Inserted,
                $"The rows before row {id} are in no chain, but the chain begins as if there were no such rows: they were inserted, or their hashes were removed.");
        }

        if (id != _expected)
            return WrongNumber(row);
        if (hash is null)
            return new AuditFault(id, AuditFaultKind.Inserted, $"Row {id} has no hash: it was inserted by something other than the console, or its hash was removed.");
        if (!AuditChain.IsHash(hash))
            return new AuditFault(id, AuditFaultKind.Changed, $"Row {id} was changed: its hash is malformed.");
        if (WrongKey(row) is { } wrong)
            return wrong;
        if (AuditChain.Hash(_before, row.Canonical, Key(row)) != hash)
            return new RowPlacementCheck(connection, transaction, keys).Classify(row, _before);
        if (!_chained && Begin(row) is { } begun)
            return begun;
        if (given is { } head && head.Row == id && head.Hash != hash)
            return new AuditFault(id, AuditFaultKind.Changed, $"Row {id} is not the row of the given head: the log was rewritten from an earlier row up to this one.");

        (_chained, _before, _head) = (true, hash, new AuditHead(id, hash));
        _rows++;
        _keyed += row.KeyId is null ? 0 : 1;
        _expected = id + 1;
        return null;
    }

    private AuditKey? Key(StoredRows row) => row.KeyId is { } id ? keys.Find(id) : null;

    private AuditFault WrongNumber(StoredRows row)
    {
        long id = row.Id;
        if (id < 1)
            return new AuditFault(id, AuditFaultKind.Inserted, $"Row {id} was inserted, or its number was changed: the console starts with 1.");
        // SQLite returns rows in the order of their numbers, except from a damaged file.
        if (id < _expected)
            return new AuditFault(id, AuditFaultKind.ReOrdered, $"Row {id} is stored after row {_expected - 1}.");
        if (row.Hash is { } hash && AuditChain.Hash(_before, CanonicalForm.WithId(row.Canonical, _expected), Key(row)) == hash)
            return new AuditFault(id, AuditFaultKind.Changed, $"Row {id} was changed: its number was {_expected}.");
        return new AuditFault(_expected, AuditFaultKind.Removed, _expected == id - 1
            ? $"Row {_expected} is missing." : $"Rows {_expected} to {id - 1} are missing.");
    }

    private AuditFault? WrongKey(StoredRows row)
    {
        int age = keys.Age(row.KeyId);
        if (age < 0)
        {
            return new AuditFault(row.Id, AuditFaultKind.KeyUnknown, keys.Current is null
                ? $"Row {row.Id} has the key {row.KeyId}, but no key is configured: set Audit:KeyFile or CONNTRACK_AUDIT_KEY to it."
                : $"Row {row.Id} has the key {row.KeyId}, which is not configured: add the key of that time to Audit:KeyFile as another line. If there never was such a key, the row was changed.");
        }

        if (age > _keyAge)
        {
            return new AuditFault(row.Id, AuditFaultKind.KeyStepsBack,
                $"Row {row.Id} has {(row.KeyId is { } id ? $"the former key {id}" : "no key")} although the previous row has a newer one: it was written by someone without that key.");
        }

        _keyAge = age;
        return null;
    }

    // The first row of the chain covers the rows before it.
    private AuditFault? Begin(StoredRows row)
    {
        var covered = row.What == PreChainRows.What ? PreChainRows.Parse(row.After) : null;
        if (covered is null)
        {
            return _earlier.Count == 0 ? null
                : new AuditFault(_earlier.FirstId, AuditFaultKind.Inserted, $"The rows before row {row.Id} are in no chain, and it does not cover them.");
        }

        var found = _earlier.Take();
        if (covered == found)
            return null;
        string range = $"rows {covered.FirstId} to {covered.LastId}, from before the chain,";
        return found.Count < covered.Count
            ? new AuditFault(_earlier.Missing ?? covered.LastId, AuditFaultKind.Removed, $"Of the {covered.Count} {range} {covered.Count - found.Count} are missing.")
            : found.Count > covered.Count
                ? new AuditFault(found.LastId, AuditFaultKind.Inserted, $"There were {covered.Count} {range} and now there are {found.Count}.")
                : new AuditFault(covered.FirstId, AuditFaultKind.Changed, $"One of the {range} was changed; it cannot be determined which one.");
    }

    private AuditFault? End()
    {
        if (_rows > 0 && !_chained)
            return new AuditFault(1, AuditFaultKind.NoChain, "No row is in a chain: start this version of conntrack-console on the database once. If it was already started, the hashes were removed.");
        if (given is { } head && head.Row >= _expected)
        {
            return new AuditFault(_expected, AuditFaultKind.Removed,
                $"The log ends with row {_expected - 1}, but row {head.Row} was written: all rows from {_expected} on were removed from the end.");
        }

        // The table's sequence counter is no proof, but a manipulation often forgets it.
        if (StoredRows.HighestNumber(connection, transaction) is var last && last >= _expected)
            return new AuditFault(_expected, AuditFaultKind.Removed, $"The log ends with row {_expected - 1}, but numbers up to {last} were assigned: rows were removed from the end.");
        if (keys.Current is not null && _chained && _keyAge == keys.Age(null))
            return new AuditFault(_expected - 1, AuditFaultKind.KeyStepsBack, "A key is configured, but no row has a key: the log is from before the key, or was rewritten by someone without it.");
        return null;
    }

    public void Dispose() => _earlier.Dispose();
}
