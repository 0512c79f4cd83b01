using System.Diagnostics;
using ConntrackConsole.Collector.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Execute;

/// <summary>
/// Answers the console's previews and flushes. The list of a preview stays here; a flush names it by id and digest and uses
/// it up, so nothing that was not shown is deleted and nothing runs twice.
/// </summary>
/// <param name="node">The node's name.</param>
/// <param name="time">The clock.</param>
/// <param name="journal">Written before each act.</param>
/// <param name="sysctl">The node's settings.</param>
/// <param name="own">Learns the port that deletes, so that its deletions are not taken for somebody else's.</param>
/// <param name="observeOnly">The sentence of <see cref="ObserveOnly"/> with which everything is refused, or null.</param>
internal sealed class FlushDesk(
    string node, TimeProvider time, Journal journal, Sysctl sysctl, OwnPorts? own = null, string? observeOnly = null)
{
    private const long PreviewLifeMs = 60_000;
    private const int MostPreviews = 64;
    private const int MostResults = 1000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Kept> _previews = [];
    private readonly Dictionary<string, FlushResult> _results = [];
    private readonly Queue<string> _resultOrder = new();

    public FlushPreview Preview(PreviewRequest request)
    {
        long now = NowMs;
        if (observeOnly is not null)
            return Refused(observeOnly);
        string? refusal = FlushGuard.RefuseAddress(request.PodIp, OwnAddresses.Read(), out var podIp)
            ?? FlushGuard.RefuseStatement(request.Ownership, podIp, now);
        if (refusal is not null)
            return Refused(refusal);
        if (!NodeSettings.TryRead(sysctl, out var settings, out string? unreadable))
            return Refused(unreadable);
        List<Flow> flows;
        try
        {
            using var table = ConntrackTable.Open();
            flows = FlushRun.List(table, podIp);
        }
        catch (NetlinkException failure)
        {
            return Refused(failure.Message);
        }

        refusal = FlushGuard.RefuseCount(flows.Count);
        if (refusal is not null)
            return Refused(refusal);
        string digest = FlowEntries.Digest(flows);
        lock (_lock)
        {
            foreach (var old in _previews.Where(kept => kept.Value.ExpiresAtMs < now).Select(kept => kept.Key).ToList())
                _previews.Remove(old);
            if (_previews.Count >= MostPreviews)
                return Refused($"{MostPreviews} previews are open on this node; wait a minute until the oldest expire.");
            if (!_previews.TryAdd(request.PreviewId, new Kept(podIp, flows, digest, now + PreviewLifeMs)))
                return Refused("A preview with this id exists already.");
        }

        return new FlushPreview(
            request.PreviewId, node, digest,
            [.. flows.Select(flow => FlowEntries.Of(in flow, EffectPrediction.Of(in flow, request.Ownership.State, settings.TcpLoose)))],
            now + PreviewLifeMs, null, settings.TcpLoose);

        FlushPreview Refused(string sentence) => new(request.PreviewId, node, "", [], now, sentence, true);
    }

    public FlushResult Flush(FlushRequest request)
    {
        // One flush a node at a time; a repeated action id gets its first answer.
        lock (_lock)
        {
            if (_results.TryGetValue(request.Order.ActionId, out var earlier))
                return earlier;
            var result = Execute(request);
            if (result.Refusal is null)
            {
                _results[request.Order.ActionId] = result;
                _resultOrder.Enqueue(request.Order.ActionId);
                if (_resultOrder.Count > MostResults)
                    _results.Remove(_resultOrder.Dequeue());
            }

            return result;
        }
    }

    private FlushResult Execute(FlushRequest request)
    {
        long now = NowMs;
        long started = Stopwatch.GetTimestamp();
        if (observeOnly is not null)
            return Refused(observeOnly);
        if (!_previews.TryGetValue(request.PreviewId, out var kept))
            return Refused("No such preview on this node (used, expired, or the collector restarted): look at a new one.");
        if (kept.ExpiresAtMs < now)
            return Refused("The preview has expired: look at a new one.");
        if (!string.Equals(kept.Digest, request.Digest, StringComparison.Ordinal))
            return Refused("The digest is not that of the list which was shown.");
        string? refusal = FlushGuard.RefuseAddress(kept.PodIp.ToString(), OwnAddresses.Read(), out _)
            ?? FlushGuard.RefuseStatement(request.Ownership, kept.PodIp, now);
        if (refusal is not null)
            return Refused(refusal);
        if (!NodeSettings.TryRead(sysctl, out var settings, out string? unreadable))
            return Refused(unreadable);
        _previews.Remove(request.PreviewId);
        try
        {
            journal.Write(new JournalLine(time.GetUtcNow(), "begin", request.Order.ActionId, kept.PodIp.ToString(), null, kept.Flows.Count));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Refused($"The journal cannot be written, so nothing was done: {failure.Message}");
        }

        FlushRun.Outcome outcome;
        try
        {
            using var table = ConntrackTable.Open();
            own?.Add(table.PortId);
            outcome = FlushRun.Run(table, kept.Flows, kept.PodIp, settings.UnacknowledgedSeconds);
        }
        catch (NetlinkException failure)
        {
            outcome = new FlushRun.Outcome(0, 0, 0, kept.Flows.Count, -1, [failure.Message]);
        }

        try
        {
            journal.Write(new JournalLine(
                time.GetUtcNow(), "end", request.Order.ActionId, kept.PodIp.ToString(), null, kept.Flows.Count,
                outcome.Deleted, outcome.AlreadyGone, outcome.Alive, outcome.Failed, outcome.Remaining));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            outcome = outcome with { Errors = [.. outcome.Errors, $"The journal's end line could not be written: {failure.Message}"] };
        }

        return new FlushResult(
            request.Order.ActionId, node, kept.Flows.Count, outcome.Deleted, outcome.AlreadyGone, outcome.Alive, outcome.Failed,
            outcome.Remaining, null, outcome.Errors, (long)Stopwatch.GetElapsedTime(started).TotalMilliseconds);

        FlushResult Refused(string sentence) => new(request.Order.ActionId, node, 0, 0, 0, 0, 0, 0, sentence, [], 0);
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    private sealed record Kept(Ip PodIp, IReadOnlyList<Flow> Flows, string Digest, long ExpiresAtMs);
}
