using System.Text.Json;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Rollouts;

/// <summary>Measurements that are final: they are kept as long as their rollouts, which is longer than frames.</summary>
internal sealed class RolloutReportStore(IDbContextFactory<ConsoleDb> databases)
{
    public async Task<RolloutMeasurement?> FindAsync(string id, CancellationToken ct) => (await FindAsync([id], ct)).GetValueOrDefault(id);

    /// <summary>By id; without those that are not stored.</summary>
    public async Task<Dictionary<string, RolloutMeasurement>> FindAsync(IReadOnlyCollection<string> ids, CancellationToken ct)
    {
        if (ids.Count == 0)
            return [];
        await using var db = await databases.CreateDbContextAsync(ct);
        var rows = await db.RolloutReports.AsNoTracking().Where(row => ids.Contains(row.Id)).ToListAsync(ct);
        var found = new Dictionary<string, RolloutMeasurement>();
        foreach (var row in rows)
        {
            if (Parse(row.Measurement) is { } measurement)
                found[row.Id] = measurement;
        }

        return found;
    }

    /// <summary>Those of these rollouts that have a measurement.</summary>
    public async Task<HashSet<string>> KnownAsync(IReadOnlyCollection<string> ids, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return [.. await db.RolloutReports.AsNoTracking().Where(row => ids.Contains(row.Id)).Select(row => row.Id).ToListAsync(ct)];
    }

    public async Task SaveAsync(Rollout rollout, RolloutMeasurement measurement, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        await using var db = await databases.CreateDbContextAsync(ct);
        if (await db.RolloutReports.AnyAsync(row => row.Id == rollout.Id, ct))
            return;
        db.RolloutReports.Add(new RolloutReportRow { Id = rollout.Id, StartedMs = rollout.StartedMs, Measurement = JsonSerializer.Serialize(measurement, JsonSerializerOptions.Web) });
        await db.SaveChangesAsync(ct);
    }

    private static RolloutMeasurement? Parse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<RolloutMeasurement>(text, JsonSerializerOptions.Web) is { Pods: not null, WithoutPod: not null, Changes: not null, Unknown: not null } known ? known : null;
        }
        catch (JsonException)
        {
            return null; // A row of another version: it is measured again while its frames are stored.
        }
    }
}
