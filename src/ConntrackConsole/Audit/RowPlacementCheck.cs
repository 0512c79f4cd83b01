using Microsoft.Data.Sqlite;

namespace ConntrackConsole.Audit;

/// <summary>Classifies a row with a wrong hash: changed, re-ordered, or inserted between two valid rows.</summary>
internal sealed class RowPlacementCheck(SqliteConnection connection, SqliteTransaction transaction, AuditKeys keys)
{
    public AuditFault Classify(StoredRows row, string before)
    {
        long id = row.Id;
        string hash = row.Hash!;
        byte[] content = row.Canonical.ToArray();
        var key = Key(row);
        // Check this first: if two neighbours were exchanged, the second one also fits here.
        if (OriginalPlace(id, hash, content, key) is { } original)
            return new AuditFault(id, AuditFaultKind.ReOrdered, $"Row {id} was re-ordered: its content was row {original}.");
        return row.Next() && row.Hash is { } next && AuditChain.Hash(before, CanonicalForm.WithId(row.Canonical, id), Key(row)) == next
            ? new AuditFault(id, AuditFaultKind.Inserted, $"Row {id} was inserted: the next row belongs in its place.")
            : new AuditFault(id, AuditFaultKind.Changed, $"Row {id} was changed after it was written, or was not written by the console.");
    }

    private AuditKey? Key(StoredRows row) => row.KeyId is { } id ? keys.Find(id) : null;

    // Where the row would fit, whether its hash was moved with it or not. The previous hash may itself have moved by one place.
    private long? OriginalPlace(long id, string hash, byte[] content, AuditKey? key)
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
