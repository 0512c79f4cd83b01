using System.Data.Common;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Rollup;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.SignalR;

namespace ConntrackConsole.Ingest;

/// <summary>
/// The only thread that writes the timeline: a frame is applied at once, stored with all others every 250 ms, and acknowledged
/// only then. Late frames are applied node by node, after they are stored.
/// </summary>
internal sealed partial class FrameApplier(
    FrameInbox inbox, TimelineStore timeline, FrameArchive archive, TimelineReplay replay, RollupQueue folding, CollectorRegistry registry,
    IHubContext<CollectorHub> hub, TimeProvider time, ILogger<FrameApplier> log) : BackgroundService
{
    /// <summary>Interval of commits and acknowledgements.</summary>
    public static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(250);

    // While storing fails the collectors keep their frames: their spills are larger than the console's memory.
    private const int MostUnstored = 10_000;
    private const int MostRanges = 1_000;
    private const long FoldEveryMs = 2_000;
    private const long FoldMs = 100;
    private const long TrimEveryMs = 10_000;

    private readonly List<(ReceivedFrame Frame, FrameResult Fate, long ReceivedMs)> _unstored = [];
    private readonly HashSet<string> _doubted = [];
    private readonly Dictionary<string, LateNode> _late = [];
    private long _trimmedMs;
    private bool _failed;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Beat, time);
        try
        {
            var beat = timer.WaitForNextTickAsync(stoppingToken).AsTask();
            var arrival = inbox.WaitAsync(stoppingToken).AsTask();
            while (true)
            {
                await Task.WhenAny(beat, _unstored.Count < MostUnstored ? arrival : beat);
                stoppingToken.ThrowIfCancellationRequested();
                while (_unstored.Count < MostUnstored && inbox.TryTake(out var frame))
                    Apply(frame);
                if (arrival.IsCompleted)
                    arrival = inbox.WaitAsync(stoppingToken).AsTask();
                if (!beat.IsCompleted)
                    continue;
                Commit();
                TidyUp();
                beat = timer.WaitForNextTickAsync(stoppingToken).AsTask();
            }
        }
        catch (OperationCanceledException)
        {
            Commit();
        }
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    private void Apply(ReceivedFrame received)
    {
        var fate = timeline.Apply(received.Node, received.Run, received.Frame);
        _unstored.Add((received, fate, NowMs));
        if (fate.Doubt is not { } sentence)
        {
            _doubted.Remove(received.Node);
        }
        else if (_doubted.Add(received.Node))
        {
            // Once, not every second.
            LogDoubt(sentence);
            timeline.BrokenFrame(received.Node, sentence);
        }
    }

    private void Commit()
    {
        if (_unstored.Count == 0)
            return;
        bool[] isNew;
        long firstId;
        try
        {
            firstId = archive.LastId + 1;
            isNew = archive.Save([.. _unstored.Select(u => new StoredFrame(
                u.Frame.Node, u.Frame.Run, u.Frame.Frame.Sequence, u.Frame.Frame.AtMs, u.ReceivedMs, u.Frame.Bytes))]);
        }
        catch (DbException failure)
        {
            if (!_failed)
                LogNotStored(failure.Message);
            _failed = true;
            return;
        }

        _failed = false;
        folding.Stored(
            _unstored.Where((u, i) => isNew[i] && u.Fate.Doubt is null).Select(u => (u.Frame.Node, u.Frame.Frame.AtMs)), firstId, archive.LastId);
        for (int i = 0; i < isNew.Length; i++)
        {
            var (received, fate, _) = _unstored[i];
            if (!isNew[i] || !fate.IsLate || received.Frame.AtMs < NowMs - TimelineStore.HorizonMs)
                continue;
            timeline.AddResets(received.Node, received.Frame, NowMs - TimelineStore.HorizonMs);
            if (!_late.TryGetValue(received.Node, out var late))
                _late[received.Node] = late = new LateNode();
            late.LastMs = NowMs;
        }

        foreach (var run in _unstored.GroupBy(u => (u.Frame.Node, u.Frame.Run)))
            Acknowledge(run.Key.Node, run.Key.Run, [.. run.Select(u => u.Frame.Frame.Sequence).Order()]);
        _unstored.Clear();
    }

    private void Acknowledge(string node, long run, ulong[] sequences)
    {
        if (registry.ConnectionOf(node) is not { } connection)
            return; // It resends them when it reconnects, and gets its acknowledgement then.
        var ranges = new List<SequenceRange>();
        foreach (ulong sequence in sequences)
        {
            if (ranges.Count > 0 && ranges[^1].To + 1 >= sequence)
                ranges[^1] = ranges[^1] with { To = sequence };
            else
                ranges.Add(new SequenceRange(sequence, sequence));
        }

        // Not awaited: one collector that does not read must not block the others.
        foreach (var part in ranges.Chunk(MostRanges))
            _ = hub.Clients.Client(connection).SendAsync(HubMethods.Stored, new StoredRanges(run, part));
    }

    // While frames stream in, every two seconds; at the end of the stream at once. A node's hour takes some 0.1 s: when many
    // nodes reconnect together they take turns, so that live frames and responses never wait for long.
    private void FoldLate()
    {
        if (_unstored.Count > 0)
            return;
        long now = NowMs;
        foreach (var (node, late) in _late.OrderBy(n => n.Value.FoldedMs).ToList())
        {
            if (NowMs - now > FoldMs)
                return;
            if (now - late.LastMs < (long)Beat.TotalMilliseconds && now - late.FoldedMs < FoldEveryMs)
                continue;
            if (late.LastMs > late.FoldedMs)
            {
                replay.Node(node);
                late.FoldedMs = NowMs;
            }
            else
            {
                _late.Remove(node);
            }
        }
    }

    private void TidyUp()
    {
        try
        {
            FoldLate();
            if (NowMs - _trimmedMs >= TrimEveryMs)
            {
                _trimmedMs = NowMs;
                archive.Trim(folding.FoldedToId);
            }
        }
        catch (DbException failure)
        {
            LogNotStored(failure.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Sentence}")]
    private partial void LogDoubt(string sentence);

    [LoggerMessage(Level = LogLevel.Error, Message = "Frames could not be stored; the collectors keep them: {Reason}")]
    private partial void LogNotStored(string reason);

    private sealed class LateNode
    {
        public long LastMs { get; set; }
        public long FoldedMs { get; set; }
    }
}
