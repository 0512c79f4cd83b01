using ConntrackConsole.Audit;
using ConntrackConsole.Findings.Stored;
using ConntrackConsole.Findings;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Query;
using ConntrackConsole.Timeline.Storage;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Incidents.Files;

/// <summary>Collects a window from storage: the same facts that its diagnosis reads.</summary>
internal sealed class IncidentWindowReader(
    IDbContextFactory<ConsoleDb> databases, FrameArchive frames, StoredFindings findings, StoredFacts facts, TerminationArchive terminations, TimelineStore live, AuditLog audit,
    TimeProvider time) : IDisposable
{
    // One at a time: each has its window in memory.
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>The window; its end is the present at most.</summary>
    /// <param name="withAudit">With the rows of the audit log.</param>
    /// <exception cref="IncidentFileException">It is too large, or nothing of it is stored.</exception>
    public async Task<IncidentWindow> ReadAsync(long fromMs, long toMs, bool withAudit, CancellationToken ct)
    {
        toMs = Math.Min(toMs, time.GetUtcNow().ToUnixTimeMilliseconds());
        if (toMs - fromMs > IncidentWindow.MaxWindowMs)
            throw new IncidentFileException(IncidentFileCodes.TooLarge, $"The window has more than {IncidentWindow.MaxWindowMs / 3_600_000} hours: choose a shorter one.");
        await _one.WaitAsync(ct);
        try
        {
            return await Task.Run(() => CollectAsync(fromMs, toMs, withAudit, ct), ct);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<IncidentWindow> CollectAsync(long fromMs, long toMs, bool withAudit, CancellationToken ct)
    {
        var known = await findings.FactsAsync(fromMs, toMs, ct);
        var nodes = Nodes(fromMs, toMs, known, ct);
        if (nodes.All(node => node.Frames.Count == 0))
            throw new IncidentFileException(IncidentFileCodes.Empty, "No frames of this window are stored: no collector reported, or they are older than Storage:FrameHours.");
        var query = new TimelineQuery(fromMs, toMs, 1);
        var ownership = known.History.Within(fromMs, toMs);
        return new IncidentWindow(fromMs, toMs, typeof(IncidentWindowReader).Assembly.GetName().Version?.ToString(3) ?? "")
        {
            Nodes = nodes,
            Ownership = ownership,
            Terminations = [.. known.Terminations.Values.OrderBy(ended => ended.DeletionRequestedMs).ThenBy(ended => ended.Uid, StringComparer.Ordinal)],
            Rollouts = [.. (await facts.RolloutsAsync(query, ct)).Concat((await terminations.RolloutsAsync(known.Terminations.Values, ct)).Values).DistinctBy(rollout => rollout.Id)],
            Restarts = await facts.RestartsAsync(query, ct),
            SettingChanges = known.SettingChanges,
            Gaps = [.. live.OwnGaps().Where(gap => gap.ToMs >= fromMs && gap.FromMs <= toMs)],
            Workloads = ownership.Owners.Select(owner => owner.PodUid).Distinct().Select(uid => (Uid: uid, Workload: known.WorkloadOf(uid))).Where(pod => pod.Workload is not null)
                .ToDictionary(pod => pod.Uid, pod => pod.Workload!),
            Audit = withAudit ? await AuditAsync(fromMs, toMs, ct) : [],
        };
    }

    private List<IncidentNode> Nodes(long fromMs, long toMs, FindingWindow known, CancellationToken ct)
    {
        using var reader = new StoredFrameReader(databases, frames);
        var nodes = new List<IncidentNode>();
        long bytes = 0;
        foreach (string name in reader.Nodes(fromMs, toMs))
        {
            ct.ThrowIfCancellationRequested();
            var read = new List<IncidentFrame>();
            foreach (var (run, frame) in reader.ReadBytes(name, fromMs - RecordedWindow.KeyFrameMs, toMs))
            {
                read.Add(new IncidentFrame(run, frame));
                bytes += frame.Length;
                if (bytes > IncidentFile.MaxPlain)
                    throw IncidentFile.TooLarge("content", bytes, IncidentFile.MaxPlain);
            }

            nodes.Add(new IncidentNode(name, known.HelloOf(name), known.SettingsOf(name), read));
        }

        return nodes;
    }

    private async Task<List<AuditEntry>> AuditAsync(long fromMs, long toMs, CancellationToken ct)
    {
        var rows = await audit.ReadAsync(
            new AuditFilter(DateTimeOffset.FromUnixTimeMilliseconds(fromMs), DateTimeOffset.FromUnixTimeMilliseconds(toMs), Limit: AuditLog.MaxRead), ct);
        return [.. rows.Reverse()];
    }
}
