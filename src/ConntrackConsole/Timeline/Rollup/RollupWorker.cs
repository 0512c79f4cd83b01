using System.Data.Common;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Rollup;

/// <summary>
/// Rolls the stored frames up into blocks within a minute after the end of theirs, some nodes each second and then the Services; packs
/// the frames; writes the coarser levels when their intervals have ended; and applies the retention. Minutes that were not rolled up when the
/// console stopped are rolled up after the next start.
/// </summary>
internal sealed partial class RollupWorker(
    BlockArchive blocks, FrameArchive archive, RollupQueue queue, NodeRollup nodeRollup, ServiceRollup serviceRollup, Retention retention, TimeProvider time,
    ILogger<RollupWorker> log) : BackgroundService
{
    /// <summary>
    /// A minute is late when it is not in the Services' blocks this long after its beginning: it should be there a minute after its end,
    /// and is still called in time half a minute later.
    /// </summary>
    public const long LateMs = 150_000;

    // Late frames arrive for many minutes at once: each batch runs for this long, then the other nodes follow.
    private const long PortionMs = 250;
    // Of each second, for the coarser levels and for packing what was left.
    private const long CoarseMs = 100;
    // The seconds of a minute with turns: the first when the tail of the minute before has arrived, the last so that the Services, which
    // follow, are there before the minute is over.
    private const int FirstTurn = (int)(NodeRollup.TailMs / 1_000) + 1;
    private const int Turns = 50;
    // By then every node had its turn.
    private const long ServicesAfterMs = ((FirstTurn + Turns) * 1_000) - NodeRollup.TailMs;
    private const int MaxServiceMinutes = 200;
    private const int NodesPerTransaction = 16;
    private const long NamesMs = 3_600_000;
    // After a start the collectors connect within half a minute, each after a random delay, and send what they kept: a minute that was
    // rolled up before it has come would be rolled up again, and take the processor from those frames.
    private const long ReconnectMs = 35_000;

    private readonly HashSet<string> _nodes = [];
    private readonly Lock _rollupLock = new();
    private readonly FramePacks _packs = new(blocks, archive);
    private readonly CoarseRollup _coarse = new(blocks, queue);
    private readonly FrameBuffer _frames = new();
    private readonly Block _former = new(Level.Finest.Columns);
    private bool _failed;
    private bool _late;
    private long _rolledUpToId;
    private long _namedMs;
    private long _beginsMs;

    /// <summary>How long the last rollup of the Services' minute took, including its coarser levels.</summary>
    public TimeSpan LastServicesDuration { get; private set; }

    /// <summary>The nodes that have blocks.</summary>
    internal IReadOnlySet<string> Nodes => _nodes;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        Resume();
        return base.StartAsync(cancellationToken);
    }

    /// <summary>Finds the minutes that an earlier run did not roll up.</summary>
    public void Resume()
    {
        lock (_rollupLock)
        {
            ReadNames(NowMs);
            long endMs = blocks.RolledUpEndMs();
            queue.SetRolledUpTo(endMs);
            _beginsMs = endMs > 0 ? NowMs + ReconnectMs : 0;
            _rolledUpToId = blocks.RolledUpToId();
            long last = Math.Max(_rolledUpToId, archive.LastId);
            queue.Stored(_packs.After(_rolledUpToId, TimelineStore.MaxAheadMs), _rolledUpToId + 1, last);
            _coarse.Resume(endMs);
        }
    }

    /// <summary>Rolls up what is due; for half a minute after a restart nothing is.</summary>
    /// <param name="all">All ended minutes of every node, independent of the turns.</param>
    public void RollUp(bool all = false) => RollUp(all ? 0 : (NowMs / 1000) - 1, all);

    // After a long second come the turns of all seconds that were missed, and no others: rolling up all nodes at once would make
    // the next second long too.
    private void RollUp(long afterSecond, bool all)
    {
        lock (_rollupLock)
        {
            long startMs = NowMs;
            if (!all && startMs < _beginsMs)
                return; // These turns are not made up for: all of them in one second would be as long as all of the nodes.
            // Each node that has left would cost look-ups in every minute.
            if (startMs - _namedMs >= NamesMs)
                ReadNames(startMs);
            long seconds = (startMs / 1000) - afterSecond;
            foreach (string[] nodes in queue.Nodes.Where(n => seconds >= 60 || (Turn(n) - ((afterSecond + 1) % 60) + 60) % 60 < seconds).Chunk(NodesPerTransaction))
            {
                for (int done = 0; done < nodes.Length;)
                    done += RollUpNodes(new ArraySegment<string>(nodes, done, nodes.Length - done), startMs);
            }

            long watch = time.GetTimestamp();
            foreach (var (minute, firstId) in queue.TakeServices(startMs - (all ? NodeRollup.TailMs : NodeRollup.TailMs + ServicesAfterMs), MaxServiceMinutes))
            {
                if (!all && time.GetElapsedTime(watch).TotalMilliseconds > PortionMs)
                    break;
                RollUpServices(minute, firstId);
            }

            _coarse.Close(startMs - NodeRollup.TailMs, all ? long.MaxValue : CoarseMs);
            _packs.PackRest(_rolledUpToId, CoarseMs);
            _packs.DeletePacked(_rolledUpToId);
            NoteLateness(startMs);
        }
    }

    private void ReadNames(long nowMs)
    {
        var names = blocks.NodeNames();
        _nodes.Clear();
        _nodes.UnionWith(names);
        _namedMs = nowMs;
    }

    /// <summary>A node's minute was written by other means: its coarser blocks follow.</summary>
    internal void Written(string node, long minuteMs)
    {
        lock (_rollupLock)
            _coarse.Written(node, minuteMs);
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>The second of the minute at which a node is rolled up: the same after a restart.</summary>
    public static int Turn(string node)
    {
        ArgumentNullException.ThrowIfNull(node);
        uint hash = 2_166_136_261;
        foreach (char c in node)
            hash = (hash ^ c) * 16_777_619;
        return FirstTurn + (int)(hash % Turns);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        long last = NowMs / 1000;
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    // A missed second must not make a node miss its turn. When it fails, the next one includes it.
                    long now = NowMs / 1000;
                    if (now > last)
                        RollUp(last, all: false);
                    last = now;
                    retention.Portion();
                    _failed = false;
                }
                catch (DbException e)
                {
                    if (!_failed)
                        LogRollupFailed(e.Message);
                    _failed = true;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Open minutes are found again at the next start.
        }
    }

    // One transaction for some nodes: each commit waits for the disk, and the apply loop waits meanwhile. Nor may it wait long for many
    // minutes of a node that was away.
    private int RollUpNodes(ArraySegment<string> nodes, long nowMs)
    {
        int done = 0;
        long watch = time.GetTimestamp();
        var taken = new List<(string Node, long Minute, long FirstId)>();
        try
        {
            using var transaction = blocks.Begin();
            foreach (string node in nodes)
            {
                foreach (var (minute, firstId) in queue.Take(node, nowMs - NodeRollup.TailMs))
                {
                    taken.Add((node, minute, firstId));
                    if (minute >= nowMs - retention.NodeMs)
                        RollUpMinute(node, minute, nowMs);
                }

                _packs.Pack(node, Level.MinuteOf(nowMs - NodeRollup.TailMs), 0);
                done++;
                if (time.GetElapsedTime(watch).TotalMilliseconds > PortionMs)
                    break;
            }

            transaction.Commit();
            _packs.Committed();
            return done;
        }
        catch (DbException)
        {
            _packs.RolledBack();
            foreach (var (node, minute, firstId) in taken)
                queue.Failed(node, minute, firstId);
            throw;
        }
    }

    private void RollUpMinute(string node, long minute, long nowMs)
    {
        var former = blocks.Read(BlockKind.Node, Level.Finest, node, minute, _former) ? _former : null;
        _packs.Read(node, minute - NodeRollup.LeadMs, minute + Level.MinuteMs + NodeRollup.TailMs, minute - retention.NodeMs, _frames);
        var rolledUp = nodeRollup.RollUp(node, minute, _frames, former, blocks.Reported(node, minute));
        bool hasBlock = former is not null || rolledUp.Block.Known.Contains(true) || rolledUp.Gaps.Count > 0 || rolledUp.Block.Resets.Count > 0;
        // Resets around the minute may be the other report of another node's resets within it.
        if (!hasBlock && rolledUp.Resets.Count == 0)
            return;
        if (hasBlock)
            blocks.Put(BlockKind.Node, Level.Finest, node, minute, rolledUp.Block);
        if (rolledUp.Resets.Count > 0)
            blocks.PutReported(node, minute, rolledUp.Resets);
        blocks.PutFacts(node, minute, rolledUp.Gaps, rolledUp.Settings, former is not null);
        if (hasBlock)
        {
            _nodes.Add(node);
            _coarse.Written(node, minute);
        }

        // During a gap the node's entries are unknown; that becomes known only when the node reports again.
        foreach (var gap in rolledUp.Gaps.Where(g => g.Kind is GapKind.SequenceJump or GapKind.Silent or GapKind.Started))
        {
            for (long at = Math.Max(Level.MinuteOf(gap.FromMs + 1), minute - retention.NodeMs); at < minute; at += Level.MinuteMs)
                queue.TouchServices(at);
        }

        // Late frames in the middle of a gap leave a shorter one, which is found by its end.
        if (minute < nowMs - (3 * Level.MinuteMs) && blocks.GapEnd(node, minute + Level.MinuteMs) is { } endMs)
            queue.Touch(node, Level.MinuteOf(endMs));
    }

    private void RollUpServices(long minute, long firstId)
    {
        long watch = time.GetTimestamp();
        queue.BeginServices(minute);
        // The nodes' blocks are deleted already: the rollup of them stays.
        if (minute < NowMs - retention.NodeMs)
            return;
        try
        {
            var (services, resets) = serviceRollup.RollUp(minute, _nodes);
            _coarse.Written(null, minute);
            using var transaction = blocks.Begin();
            // Resets that another node has reported too are removed from a node's blocks.
            foreach (var (node, own) in resets)
            {
                if (!blocks.Read(BlockKind.Node, Level.Finest, node, minute, _former))
                    continue;
                _former.Resets.Clear();
                _former.Resets.AddRange(own);
                blocks.Put(BlockKind.Node, Level.Finest, node, minute, _former);
                _coarse.Written(node, minute);
            }

            blocks.DeleteServices(minute);
            blocks.PutResetSeconds(minute, services[BlockArchive.Cluster].Resets);
            foreach (var (name, block) in services)
                blocks.Put(BlockKind.Service, Level.Finest, name, minute, block);
            _coarse.Mark();
            long rolledUpToId = queue.RolledUpToId;
            blocks.MarkRolledUp(rolledUpToId);
            _packs.DeleteRuns(NowMs);
            transaction.Commit();
            _packs.Committed();
            _rolledUpToId = rolledUpToId;
        }
        catch (DbException)
        {
            queue.FailedServices(minute, firstId);
            throw;
        }
        finally
        {
            _packs.RolledBack();
        }

        queue.SetRolledUpTo(minute + Level.MinuteMs);
        LastServicesDuration = time.GetElapsedTime(watch);
    }

    /// <summary>
    /// How far the Services' blocks are behind, if that is late; otherwise zero. Late frames of a collector that was away are rolled up as
    /// they come, and are not this console's delay.
    /// </summary>
    public long LateByMs => LateBy(NowMs);

    private long LateBy(long nowMs) =>
        queue.RolledUpEndMs is > 0 and var endMs && nowMs - endMs > LateMs && queue.FirstOpenMs < nowMs - LateMs ? nowMs - endMs : 0;

    private void NoteLateness(long nowMs)
    {
        long lateMs = LateBy(nowMs);
        if (lateMs > 0 && !_late)
            LogLate(lateMs / 1000);
        _late = lateMs > 0;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The rollup is {Seconds} s behind: the stored history ends there. Frames are kept until it has caught up.")]
    private partial void LogLate(long seconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "Rollup failed; will retry. Frames are kept until it succeeds: {Reason}")]
    private partial void LogRollupFailed(string reason);
}
