using Microsoft.Data.Sqlite;

namespace ConntrackConsole.Audit;

/// <summary>A row does not fit where it stands: was it changed, does it belong elsewhere, or was it put between two that fit?</summary>
internal sealed class RowPlacementCheck(SqliteConnection connection, SqliteTransaction transaction, AuditKeys keys)
{
    public AuditFault Judge(StoredRows row, string before)
    {
        long id = row.Id;
        string hash = row.Hash!;
        byte[] content = row.Canonical.ToArray();
        var key = Key(row);
        // First: of two neighbours exchanged, the second fits here as well.
        if (Home(id, hash, content, key) is { } home)
            return new AuditFault(id, AuditFaultKind.ReOrdered, $"Row {id} was re-ordered: what stands there was row {home}.");
        return row.Next() && row.Hash is { } next && AuditChain.Hash(before, CanonicalForm.WithId(row.Canonical, id), Key(row)) == next
            ? new AuditFault(id, AuditFaultKind.Inserted, $"Row {id} was put in: the one behind it belongs in its place.")
            : new AuditFault(id, AuditFaultKind.Changed, $"Row {id} was changed after it was written, or was not written by the console.");
    }

    private AuditKey? Key(StoredRows row) => row.KeyId is { } id ? keys.Find(id) : null;

    // Where it would fit, whether its hash came along with it or stayed. The hash before it may itself have moved by one place.
    private long? Home(long id, string hash, byte[] content, AuditKey? key)
    {
        using var rows = StoredRows.Read(connection, transaction);
        string before = AuditChain.Beginning;
        while (rows.Next())
        {
            if (rows.Hash is not { } here || !AuditChain.IsHash(here))
                continue;
            if (rows.Id != id)
            {
                byte[] moved = CanonicalForm.WithId(content, rows.Id);
                string behind = AuditChain.Hash(before, moved, key);
                if (behind == hash || behind == here || AuditChain.Hash(here, moved, key) == hash)
                    return rows.Id;
            }

            before = here;
        }

        return null;
    }
}
