using ConntrackConsole.Audit;
using ConntrackConsole.Checks;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Findings.Stored;
using ConntrackConsole.Incidents.Files;
using ConntrackConsole.Incidents.Records;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Rollup;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Incidents.Opened;

/// <summary>Fills the database of a console from an incident file, so that what reads a stored window reads this one.</summary>
internal static class IncidentDatabase
{
    private const int BatchSize = 5_000;

    /// <summary>Fills it, and evaluates checks and findings once: nothing changes afterwards.</summary>
    /// <exception cref="IncidentFileException">The file has facts that cannot be stored.</exception>
    public static async Task FillAsync(IServiceProvider services, IncidentWindow incident, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(incident);
        try
        {
            await using var db = await services.GetRequiredService<IDbContextFactory<ConsoleDb>>().CreateDbContextAsync(ct);
            AddFacts(db, incident);
            await db.SaveChangesAsync(ct);
            if (incident.Record is { } record)
                await AddRecordAsync(services.GetRequiredService<IncidentStore>(), record, ct);
        }
        catch (DbUpdateException)
        {
            throw IncidentFile.Damaged("its facts cannot be stored");
        }

        SaveFrames(services.GetRequiredService<FrameArchive>(), incident, ct);
        // Memory has the whole window, and no block is ever written: nothing is read from there.
        services.GetRequiredService<RollupQueue>().TouchServices(Level.MinuteOf(Math.Max(Level.MinuteMs, services.GetRequiredService<TimelineStore>().FromMs)));
        services.GetRequiredService<FindingMonitor>().Show(await services.GetRequiredService<StoredFindings>().ReadAsync(incident.FromMs, incident.ToMs, ct));
        services.GetRequiredService<CheckScheduler>().Round();
    }

    private static void AddFacts(ConsoleDb db, IncidentWindow incident)
    {
        db.Terminations.AddRange(incident.Terminations.DistinctBy(ended => ended.Uid).Select(TerminationMapper.Row));
        db.Rollouts.AddRange(incident.Rollouts.DistinctBy(rollout => rollout.Id).Select(TerminationMapper.Row));
        db.PodRestarts.AddRange(incident.Restarts.DistinctBy(restart => restart.Id).Select(TerminationMapper.Row));
        db.Gaps.AddRange(incident.Gaps.Select(gap => new GapRow { Node = gap.Node, Kind = (byte)gap.Kind, FromMs = gap.FromMs, ToMs = gap.ToMs, Text = gap.Text }));
        db.Settings.AddRange(incident.SettingChanges.Distinct().Select(change => new SettingRow { Node = change.Node, AtMs = change.AtMs, Name = change.Name, Before = change.Before, After = change.After }));
        db.Audit.AddRange(incident.Audit.DistinctBy(row => row.Id).Select(Row));
    }

    private static async Task AddRecordAsync(IncidentStore store, Incident record, CancellationToken ct)
    {
        await store.AddAsync(record, null, ct);
        foreach (var note in record.Notes)
        {
            for (int revision = 0; revision < note.Versions.Count; revision++)
                await store.AddNoteAsync(record.Id, note.Number, revision, note.Versions[revision], ct);
        }

        foreach (var pinned in record.Events)
            await store.AddEventAsync(record.Id, pinned, ct);
        await store.UpdateAsync(record with { IsPinned = true }, ct);
    }

    // Without the hash: it belongs to a chain of which this is a part, with a key that stayed where it was written.
    private static AuditRow Row(AuditEntry row) => new()
    {
        Id = row.Id, AtMs = row.At.ToUnixTimeMilliseconds(), Who = row.Who, From = row.From, What = row.What, Where = row.Where, Target = row.Target, Why = row.Why, Before = row.Before, After = row.After,
        Result = row.Result, DurationMs = row.DurationMs, ActionId = row.ActionId, Session = row.Session, Roles = row.Roles, IncidentId = row.IncidentId, Details = row.Details, Code = row.Code,
    };

    private static void SaveFrames(FrameArchive archive, IncidentWindow incident, CancellationToken ct)
    {
        var frame = new NodeFrame();
        foreach (var part in incident.Nodes.SelectMany(node => node.Frames.Select(stored => (node.Name, Stored: stored))).Chunk(BatchSize))
        {
            ct.ThrowIfCancellationRequested();
            archive.Save([.. part.Where(one => NodeFrameCodec.TryRead(one.Stored.Bytes.Span, frame, out _)).Select(one =>
                new StoredFrame(one.Name, one.Stored.Run, frame.Sequence, frame.AtMs, frame.AtMs, one.Stored.Bytes.ToArray()))]);
        }
    }
}
