using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Timeline.Storage;

/// <summary>
/// Persists gaps and settings. Those from frames are written with their minutes; this class writes the console's own gaps and
/// loads all of them at startup.
/// </summary>
internal sealed partial class FactsArchive(
    IDbContextFactory<ConsoleDb> databases, TimelineStore timeline, TimeProvider time, ILogger<FactsArchive> log)
    : PeriodicArchive(TimeSpan.FromSeconds(5), time)
{
    internal static readonly AgedRows[] Aged =
    [
        new("DELETE FROM ResetSeconds WHERE rowid IN (SELECT rowid FROM ResetSeconds WHERE Second < $a / 1000 AND NOT EXISTS (SELECT 1 FROM Pins WHERE Second * 1000 BETWEEN FromMs - 1000 AND ToMs) LIMIT 500)"),
        new("DELETE FROM Gaps WHERE Id IN (SELECT g.Id FROM Gaps g WHERE g.FromMs < $a AND g.ToMs < $a AND NOT EXISTS (SELECT 1 FROM Pins p WHERE g.FromMs <= p.ToMs AND g.ToMs >= p.FromMs) LIMIT 500)"),
        new("DELETE FROM Settings WHERE Id IN (SELECT Id FROM Settings WHERE AtMs < $a AND NOT EXISTS (SELECT 1 FROM Pins WHERE AtMs BETWEEN FromMs AND ToMs) LIMIT 500)"),
    ];

    private readonly HashSet<GapSpan> _saved = [];

    public override async Task LoadAsync(CancellationToken ct)
    {
        long sinceMs = Time.GetUtcNow().ToUnixTimeMilliseconds() - TimelineStore.HorizonMs;
        await using var db = await databases.CreateDbContextAsync(ct);
        var gaps = await db.Gaps.AsNoTracking().Where(g => g.ToMs >= sinceMs).OrderBy(g => g.FromMs).Take(GapLog.Max).ToListAsync(ct);
        var settings = await db.Settings.AsNoTracking().Where(s => s.AtMs >= sinceMs).OrderBy(s => s.AtMs).Take(GapLog.Max).ToListAsync(ct);
        // Gaps from frames are read from the frames again, because late frames may have filled them since.
        var own = gaps.Select(Gap).Where(g => g.Text != GapLog.Text(g.Node, g.Kind, g.ToMs - g.FromMs, 0) && !IsFromFrames(g.Kind)).ToList();
        _saved.UnionWith(own);
        timeline.Restore(own, settings.Select(Setting));
    }

    /// <summary>Writes the console's own gaps that are not written yet.</summary>
    public override async Task SaveAsync(CancellationToken ct)
    {
        var own = timeline.OwnGaps();
        _saved.IntersectWith(own);
        var fresh = own.Where(g => !_saved.Contains(g)).Distinct().ToList();
        if (fresh.Count == 0)
            return;
        await using var db = await databases.CreateDbContextAsync(ct);
        db.Gaps.AddRange(fresh.Select(g => new GapRow { Node = g.Node, Kind = (byte)g.Kind, FromMs = g.FromMs, ToMs = g.ToMs, Text = g.Text }));
        await db.SaveChangesAsync(ct);
        _saved.UnionWith(fresh);
    }

    public static GapSpan Gap(GapRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return new GapSpan(row.Node, (GapKind)row.Kind, row.FromMs, row.ToMs, row.Text);
    }

    public static ReportedSetting Setting(SettingRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return new ReportedSetting(row.Node, row.AtMs, row.Name, row.Before, row.After);
    }

    // The console's own gaps have the kind FramesDropped and their own text.
    private static bool IsFromFrames(GapKind kind) => kind != GapKind.FramesDropped;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Gaps could not be saved; will retry: {Reason}")]
    protected override partial void LogNotSaved(string reason);
}
