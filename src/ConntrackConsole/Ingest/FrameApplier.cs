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
    FrameInbox inbox, TimelineStore timeline, FrameArchive archive, TimelineReplay replay, RollupQueue rollups, CollectorRegistry registry,
    IHubContext<CollectorHub> hub, TimeProvider time, ILogger<FrameApplier> log) : BackgroundService
{
    /// <summary>Interval of commits and acknowledgements.</summary>
    public static readonly TimeSpan CommitInterval = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan PublishInterval = TimeSpan.FromMilliseconds(100);

    // While storing fails the collectors keep their frames: their spills are larger than the console's memory.
    private const int MaxUnstored = 10_000;
    private const int MaxRanges = 1_000;
    private const long ReplayIntervalMs = 2_000;
    private const long ReplayBudgetMs = 100;
    private const long TrimIntervalMs = 10_000;
    // Of each commit's interval, until the history of all nodes is loaded.
    private const long LoadBudgetMs = 150;

    private readonly NodeFrame _frame = new();
    private readonly List<StoredFrame> _unstored = [];
    private readonly List<FrameResult> _results = []; // Of each of them.
    private readonly List<int> _order = [];
    private readonly List<SequenceRange> _ranges = [];
    private readonly HashSet<string> _rejected = [];
    private readonly Dictionary<string, LateNode> _late = [];
    private Comparison<int>? _bySequence;
    private bool _isPublished = true;
    private long _publishedAt;
    private long _trimmedMs;
    private bool _failed;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(CommitInterval, time);
        try
        {
            var tick = timer.WaitForNextTickAsync(stoppingToken).AsTask();
            var arrival = inbox.WaitAsync(stoppingToken).AsTask();
            while (true)
            {
                await Task.WhenAny(tick, _unstored.Count < MaxUnstored ? arrival : tick);
                stoppingToken.ThrowIfCancellationRequested();
                Take();
                Publish(tick.IsCompleted);
                if (arrival.IsCompleted)
                    arrival = inbox.WaitAsync(stoppingToken).AsTask();
                if (!tick.IsCompleted)
                    continue;
                Commit();
                TidyUp();
                tick = timer.WaitForNextTickAsync(stoppingToken).AsTask();
            }
        }
        catch (OperationCanceledException)
        {
            Commit();
        }
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Applies the frames that wait.</summary>
    internal void Take()
    {
        while (_unstored.Count < MaxUnstored && inbox.TryTake(out var frame))
            Apply(frame);
    }

    private void Apply(ReceivedFrame received)
    {
        if (!NodeFrameCodec.TryRead(received.Bytes, _frame, out _))
            return; // The hub has read it before.
        var result = timeline.Apply(received.Node, received.Run, _frame, publish: false);
        _isPublished = false;
        _unstored.Add(new StoredFrame(received.Node, received.Run, _frame.Sequence, _frame.AtMs, NowMs, received.Bytes));
        _results.Add(result);
        if (result.Rejection is not { } reason)
        {
            _rejected.Remove(received.Node);
        }
        else if (_rejected.Add(received.Node))
        {
            // Once, not every second.
            LogRejected(reason.Message, reason.Code);
            timeline.BrokenFrame(received.Node, reason.Message);
        }
    }

    // Many frames arrive within milliseconds: readers get them together.
    private void Publish(bool now)
    {
        if (_isPublished || (!now && time.GetElapsedTime(_publishedAt) < PublishInterval))
            return;
        (_isPublished, _publishedAt) = (true, time.GetTimestamp());
        timeline.Publish();
    }

    /// <summary>Stores what was applied, and acknowledges it.</summary>
    internal void Commit()
    {
        if (_unstored.Count == 0)
            return;
        bool[] isNew;
        long firstId;
        try
        {
            firstId = archive.LastId + 1;
            isNew = archive.Save(_unstored);
        }
        catch (DbException failure)
        {
            if (!_failed)
                LogNotStored(failure.Message);
            _failed = true;
            return;
        }

        _failed = false;
        rollups.Stored(NewFrames(isNew), firstId, archive.LastId);
        for (int i = 0; i < isNew.Length; i++)
        {
            var stored = _unstored[i];
            if (!isNew[i] || !_results[i].IsLate || stored.AtMs < NowMs - TimelineStore.HorizonMs || !NodeFrameCodec.TryRead(stored.Bytes, _frame, out _))
                continue;
            timeline.AddResets(stored.Node, _frame, NowMs - TimelineStore.HorizonMs);
            if (!_late.TryGetValue(stored.Node, out var late))
                _late[stored.Node] = late = new LateNode();
            late.LastMs = NowMs;
        }

        Acknowledge();
        _unstored.Clear();
        _results.Clear();
    }

    private IEnumerable<(string Node, long AtMs)> NewFrames(bool[] isNew)
    {
        for (int i = 0; i < isNew.Length; i++)
        {
            if (isNew[i] && _results[i].Rejection is null)
                yield return (_unstored[i].Node, _unstored[i].AtMs);
        }
    }

    // Each run of a node in one message.
    private void Acknowledge()
    {
        _order.Clear();
        for (int i = 0; i < _unstored.Count; i++)
            _order.Add(i);
        _order.Sort(_bySequence ??= (a, b) => Compare(_unstored[a], _unstored[b]));
        for (int from = 0, at = 0; at < _order.Count; from = at)
        {
            var first = _unstored[_order[from]];
            _ranges.Clear();
            for (; at < _order.Count && _unstored[_order[at]] is var frame && frame.Run == first.Run && frame.Node == first.Node; at++)
            {
                if (_ranges.Count > 0 && _ranges[^1].To + 1 >= frame.Sequence)
                    _ranges[^1] = _ranges[^1] with { To = frame.Sequence };
                else
                    _ranges.Add(new SequenceRange(frame.Sequence, frame.Sequence));
            }

            if (registry.ConnectionOf(first.Node) is not { } connection)
                continue; // It resends them when it reconnects, and gets its acknowledgement then.
            // Not awaited: one collector that does not read must not block the others.
            foreach (var part in _ranges.Chunk(MaxRanges))
                _ = hub.Clients.Client(connection).SendAsync(HubMethods.Stored, new StoredRanges(first.Run, part));
        }

        static int Compare(in StoredFrame a, in StoredFrame b) =>
            string.CompareOrdinal(a.Node, b.Node) is not 0 and var byNode ? byNode
            : a.Run != b.Run ? a.Run.CompareTo(b.Run) : a.Sequence.CompareTo(b.Sequence);
    }

    // While frames stream in, every two seconds; at the end of the stream at once. A node's hour takes some 0.1 s: when many
    // nodes reconnect together they take turns, so that live frames and responses never wait for long.
    private void ReplayLate()
    {
        if (_unstored.Count > 0)
            return;
        long now = NowMs;
        foreach (var (node, late) in _late.OrderBy(n => n.Value.ReplayedMs).ToList())
        {
            if (NowMs - now > ReplayBudgetMs)
                return;
            if (now - late.LastMs < (long)CommitInterval.TotalMilliseconds && now - late.ReplayedMs < ReplayIntervalMs)
                continue;
            if (late.LastMs > late.ReplayedMs)
            {
                replay.Node(node);
                late.ReplayedMs = NowMs;
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
            replay.Continue(LoadBudgetMs);
            ReplayLate();
            if (NowMs - _trimmedMs >= TrimIntervalMs)
            {
                _trimmedMs = NowMs;
                archive.Trim(rollups.RolledUpToId);
            }
        }
        catch (DbException failure)
        {
            LogNotStored(failure.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Reason} [{Code}]")]
    private partial void LogRejected(string reason, string code);

    [LoggerMessage(Level = LogLevel.Error, Message = "Frames could not be stored; will retry. The collectors keep them meanwhile: {Reason}")]
    private partial void LogNotStored(string reason);

    private sealed class LateNode
    {
        public long LastMs { get; set; }
        public long ReplayedMs { get; set; }
    }
}
