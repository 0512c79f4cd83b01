using System.Collections.Concurrent;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Ingest;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Outcome;

/// <summary>
/// Watches what comes of a flush: for 30 s at least, and as long as the slowest client may take to notice, 130 s at most.
/// Resets before and after, entries left or made again, clients that came back.
/// </summary>
public sealed partial class OutcomeMonitor(
    ActionStore store, ActionDispatch dispatch, CollectorLink collectors, TimelineStore timeline, ActionAudit audit, TimeProvider time,
    ILogger<OutcomeMonitor> log) : BackgroundService
{
    public const long ShortestMs = 30_000;
    public const long LongestMs = 130_000;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, OutcomeSample> _now = new();

    /// <summary>The figures of now; after the end they stand in the record.</summary>
    public OutcomeSample? Current(string actionId) => _now.GetValueOrDefault(actionId);

    /// <summary>There are new figures.</summary>
    public event Action? Changed;

    public static long WindowMs(int? expectedWithinS) => Math.Clamp(((expectedWithinS ?? 0) + 10) * 1000L, ShortestMs, LongestMs);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        dispatch.Ran += Begin;
        try
        {
            // Those that a former console was measuring when it ended.
            foreach (var record in await store.RunSinceAsync(NowMs - LongestMs, stoppingToken))
                Begin(record);
            using var beat = new PeriodicTimer(Every, time);
            while (await beat.WaitForNextTickAsync(stoppingToken))
            {
                foreach (string id in _now.Keys)
                    await MeasureAsync(id, stoppingToken);
            }
        }
        finally
        {
            dispatch.Ran -= Begin;
        }
    }

    private void Begin(ActionRecord record)
    {
        if (record is not { Plan.Request.Kind: ActionKind.Flush, StartedMs: { } startedMs, Outcome: null } || !record.Nodes.Any(n => n.Flush is { Deleted: > 0 } or { Unsure: true }))
            return;
        // Nodes can tell for so long.
        if (NowMs >= startedMs + LongestMs)
            return;
        _now.TryAdd(record.Id, new OutcomeSample(startedMs, startedMs, startedMs + WindowMs(record.Plan.ExpectedWithinS), false, [], 0, 0, 0, 0, []));
        Changed?.Invoke();
    }

    private async Task MeasureAsync(string id, CancellationToken ct)
    {
        try
        {
            if (await store.FindAsync(id, ct) is not { } record || !_now.TryGetValue(id, out var before))
            {
                _now.TryRemove(id, out _);
                return;
            }

            long toMs = Math.Min(NowMs, before.UntilMs);
            var told = await Task.WhenAll(record.Nodes.Where(n => n.Flush is { Refusal: null } || n.Outcome == NodeOutcome.Unknown).Select(n => collectors.OutcomeAsync(n.Node, new FlushOutcomeRequest(id), ct)));
            var readings = told.Select(t => t.Value).OfType<FlushOutcomeSample>().Where(r => r.Refusal is null).ToList();
            var reading = before with
            {
                ToMs = toMs, Final = toMs >= before.UntilMs, Resets = ResetsAround(record.Plan, before.FromMs, toMs),
                Left = readings.Sum(r => r.Left), Recreated = readings.Sum(r => r.Recreated), Clients = readings.Sum(r => r.Clients), CameBack = readings.Sum(r => r.CameBack),
                Untold = [.. told.Where(t => t.Value is null || t.Value.Refusal is not null).Select(t => $"{t.Node}: {t.Value?.Refusal ?? t.Failure}")],
            };
            _now[id] = reading;
            if (reading.Final)
            {
                var measured = record with { Outcome = reading };
                await audit.WriteAsync(ActionAudit.Found(measured, "measured", reading.ToMs - reading.FromMs) with { Result = Words(reading) }, ct);
                await store.UpdateAsync(id, now => now with { Outcome = reading }, ct);
                _now.TryRemove(id, out _);
            }

            Changed?.Invoke();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFault(e, id);
        }
    }

    public static string Words(OutcomeSample reading)
    {
        ArgumentNullException.ThrowIfNull(reading);
        string resets = reading.Resets.Count == 0 ? "no resets" : string.Join(", ", reading.Resets.Select(r => $"{r.Kind} {r.Before} → {r.After}"));
        string untold = reading.Untold.Count == 0 ? "" : $" Not told: {string.Join("; ", reading.Untold)}.";
        return $"Within {(reading.ToMs - reading.FromMs) / 1000} s: resets before → after: {resets}; {reading.CameBack} of {reading.Clients} clients came back; {reading.Left} entries left, {reading.Recreated} made again.{untold}";
    }

    // A client of a dead backend is reset by another one: the Service is what both have in common.
    private List<ResetsAround> ResetsAround(ActionPlan plan, long atMs, long toMs)
    {
        if (!Ip.TryParse(plan.Request.Target, out var ip))
            return [];
        var services = plan.Previews.SelectMany(p => p.Entries)
            .Where(e => e.Effect != FlushEffect.NoEffect && Ip.TryParse(e.Dst, out _))
            .Select(e => (Ip.Parse(e.Dst), (ushort)(e.Dport ?? 0))).ToHashSet();
        var (before, after) = (timeline.ResetsOf(ip, services, atMs - (toMs - atMs), atMs), timeline.ResetsOf(ip, services, atMs, toMs));
        return [.. before.Keys.Union(after.Keys).Order().Select(kind => new ResetsAround(kind, before.GetValueOrDefault(kind), after.GetValueOrDefault(kind)))];
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The outcome of action {ActionId} could not be measured this time.")]
    private partial void LogFault(Exception e, string actionId);
}
