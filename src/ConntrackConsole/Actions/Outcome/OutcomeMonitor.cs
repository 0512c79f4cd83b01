using System.Collections.Concurrent;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Ingest;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Outcome;

/// <summary>
/// Monitors the outcome of a flush for at least 30 s, and as long as the slowest client may take to notice it, at most 130 s:
/// resets before and after, remaining and recreated entries, connections that were reset or moved.
/// </summary>
internal sealed partial class OutcomeMonitor(
    ActionStore store, ActionDispatch dispatch, CollectorLink collectors, TimelineStore timeline, ActionAudit audit, TimeProvider time,
    ILogger<OutcomeMonitor> log) : BackgroundService
{
    public const long MinWindowMs = 30_000;
    public const long MaxWindowMs = 130_000;
    private static readonly TimeSpan SampleInterval = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, OutcomeSample> _now = new();

    /// <summary>The current figures; when monitoring ends they are in the record.</summary>
    public OutcomeSample? Current(string actionId) => _now.GetValueOrDefault(actionId);

    /// <summary>Raised when there are new figures.</summary>
    public event Action? Changed;

    public static long WindowMs(int? expectedWithinS) => Math.Clamp(((expectedWithinS ?? 0) + 10) * 1000L, MinWindowMs, MaxWindowMs);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        dispatch.Ran += Begin;
        try
        {
            // Flushes that a previous run of the console was monitoring when it ended.
            foreach (var record in await store.RunSinceAsync(NowMs - MaxWindowMs, stoppingToken))
                Begin(record);
            using var timer = new PeriodicTimer(SampleInterval, time);
            while (await timer.WaitForNextTickAsync(stoppingToken))
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
        // Nodes can report an outcome only for this long.
        if (NowMs >= startedMs + MaxWindowMs)
            return;
        _now.TryAdd(record.Id, new OutcomeSample(startedMs, startedMs, startedMs + WindowMs(ClientWait.ExpectedWithinS(record.Plan, startedMs)), false, [], 0, 0, 0, 0, []));
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
            var answers = await Task.WhenAll(record.Nodes.Where(n => n.Flush is { Refusal: null } || n.Outcome == NodeOutcome.Unknown).Select(n => collectors.OutcomeAsync(n.Node, new FlushOutcomeRequest(id), ct)));
            var readings = answers.Select(t => t.Value).OfType<FlushOutcomeSample>().Where(r => r.Refusal is null).ToList();
            var reading = before with
            {
                ToMs = toMs, Final = toMs >= before.UntilMs, Resets = ResetsAround(record.Plan, before.FromMs, toMs),
                Left = readings.Sum(r => r.Left), Recreated = readings.Sum(r => r.Recreated), Clients = readings.Sum(r => r.Clients), Reconnected = readings.Sum(r => r.Reconnected),
                IpvsKept = readings.Sum(r => r.IpvsKept), IpvsForwarded = readings.Sum(r => r.IpvsForwarded), IpvsUnread = readings.Any(r => r.IpvsUnread),
                Unanswered = [.. answers.Where(t => t.Value is null || t.Value.Refusal is not null).Select(t => $"{t.Node}: {t.Value?.Refusal ?? t.Failure?.Message}")],
            };
            _now[id] = reading;
            if (reading.Final)
            {
                var measured = record with { Outcome = reading };
                // The deleted entries are in the row of the flush itself, and only there.
                await audit.WriteAsync(ActionAudit.Found(measured, "measured", reading.ToMs - reading.FromMs) with { Result = Describe(reading), Details = null }, ct);
                await store.UpdateAsync(id, now => now with { Outcome = reading }, ct);
                _now.TryRemove(id, out _);
            }

            Changed?.Invoke();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFailed(e, id);
        }
    }

    public static string Describe(OutcomeSample reading)
    {
        ArgumentNullException.ThrowIfNull(reading);
        string resets = reading.Resets.Count == 0 ? "no resets" : string.Join(", ", reading.Resets.Select(r => $"{r.Kind} {r.Before} → {r.After}"));
        string unanswered = reading.Unanswered.Count == 0 ? "" : $" No answer: {string.Join("; ", reading.Unanswered)}.";
        string ipvs = reading.IpvsDropped > 0 ? $" IPVS still drops the packets of {reading.IpvsDropped} connections." : "";
        if (reading.IpvsForwarded > 0)
            ipvs += $" IPVS still forwards {ActionFormatter.Connections(reading.IpvsForwarded)} to this address.";
        if (reading.IpvsUnread)
            ipvs += " IPVS's table could not be read to its end on every node.";
        return $"Within {(reading.ToMs - reading.FromMs) / 1000} s: resets before → after: {resets}; {reading.Reconnected} of {reading.Clients} connections reset or moved; {reading.Left} entries remain, {reading.Recreated} recreated.{ipvs}{unanswered}";
    }

    // A client of a dead backend is reset by another backend: they have only the Service in common.
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to measure the outcome of action {ActionId}; will retry.")]
    private partial void LogFailed(Exception e, string actionId);
}
