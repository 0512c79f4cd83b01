using System.Runtime.CompilerServices;
using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Timeline.Storage;

/// <summary>The cluster's resets of each second and kind. A long window has too many for entities.</summary>
internal static class StoredResets
{
    public static async IAsyncEnumerable<(long Second, long Kind, int Count)> ReadAsync(
        IDbContextFactory<ConsoleDb> databases, long fromSecond, long endSecond, [EnumeratorCancellation] CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(databases);
        await using var db = await databases.CreateDbContextAsync(ct);
        await db.Database.OpenConnectionAsync(ct);
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = "SELECT Second, Kind, Count FROM ResetSeconds WHERE Second >= $f AND Second < $t AND Count > 0";
        Add("$f", fromSecond);
        Add("$t", endSecond);
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct))
            yield return (row.GetInt64(0), row.GetInt64(1), row.GetInt32(2));

        void Add(string name, long value)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }
    }
}
