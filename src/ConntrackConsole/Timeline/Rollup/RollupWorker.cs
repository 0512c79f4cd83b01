using System.Data.Common;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Rollup;

/// <summary>
/// Rolls the stored frames up into blocks, node n at second n mod 60 of each minute and then the Services, and applies the
/// retention. Minutes that were not rolled up when the console stopped are rolled up after the next start.
/// </summary>
internal sealed partial class RollupWorker(
    BlockArchive blocks, RollupQueue queue, NodeRollup nodeRollup, ServiceRollup serviceRollup, Retention retention, TimeProvider time, ILogger<RollupWorker> log)
    : BackgroundService
{
    // Late frames arrive for many minutes at once: each batch runs for this long, then the other nodes follow.
    private const long PortionMs = 250;
    // A node's turn comes once a minute: by then every node had its turn.
    private const long ServicesAfterMs = 65_000;
    private const int MaxServiceMinutes = 200;

    private readonly HashSet<string> _nodes = [];
    private readonly Lock _rollupLock = new();
    private bool _failed;

    /// <summary>How long the last rollup of the Services' minute took, including its coarser levels.</summary>
    public TimeSpan LastServicesDuration { get; private set; }

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
            _nodes.UnionWith(blocks.NodeNames());
            queue.SetRolledUpTo(blocks.RolledUpEndMs());
            long rolledUp = blocks.RolledUpToId();
            long last = Math.Max(rolledUp, blocks.LastFrameId());
            queue.Stored(blocks.FramesAfter(rolledUp, TimelineStore.MaxAheadMs).Select(f => (f.Node, f.AtMs)), rolledUp + 1, last);
        }
    }

    /// <summary>Rolls up what is due.</summary>
    /// <param name="all">All ended minutes of every node, independent of the turns.</param>
    public void RollUp(bool all = false)
    {
        lock (_rollupLock)
        {
            long startMs = NowMs;
            foreach (string node in queue.Nodes)
            {
                if (all || Turn(node) == startMs / 1000 % 60)
                    RollUpNode(node, startMs);
            }

            long watch = time.GetTimestamp();
            foreach (var (minute, firstId) in queue.TakeServices(startMs - (all ? NodeRollup.TailMs : NodeRollup.TailMs + ServicesAfterMs), MaxServiceMinutes))
            {
                if (!all && time.GetElapsedTime(watch).TotalMilliseconds > PortionMs)
                    break;
                RollUpServices(minute, firstId);
            }
        }
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>The second of the minute at which a node is rolled up: the same after a restart.</summary>
    public static int Turn(string node)
    {
        ArgumentNullException.ThrowIfNull(node);
        uint hash = 2_166_136_261;
        foreach (char c in node)
            hash = (hash ^ c) * 16_777_619;
        return (int)(hash % 60);
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
                    // A missed second must not make a node miss its turn.
                    long now = NowMs / 1000;
                    RollUp(all: now - last > 1);
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

    private void RollUpNode(string node, long nowMs)
    {
        var due = queue.Take(node, nowMs - NodeRollup.TailMs);
        for (int i = 0; i < due.Count; i++)
        {
            var (minute, firstId) = due[i];
            try
            {
                if (minute >= nowMs - retention.NodeMs)
                    RollUpMinute(node, minute, nowMs);
            }
            catch (DbException)
            {
                foreach (var left in due.Skip(i))
                    queue.Failed(node, left.Minute, left.FirstId);
                throw;
            }
        }
    }

    private void RollUpMinute(string node, long minute, long nowMs)
    {
        var former = blocks.Read(BlockKind.Node, Level.Finest, node, minute);
        var frames = blocks.Frames(node, minute - NodeRollup.LeadMs, minute + Level.MinuteMs + NodeRollup.TailMs, minute - retention.NodeMs);
        var rolledUp = nodeRollup.RollUp(node, minute, frames, former, blocks.Reported(node, minute));
        bool hasBlock = former is not null || rolledUp.Block.Known.Contains(true) || rolledUp.Gaps.Count > 0 || rolledUp.Block.Resets.Count > 0;
        // Resets around the minute may be the other report of another node's resets within it.
        if (!hasBlock && rolledUp.Resets.Count == 0)
            return;
        var written = hasBlock ? NodeLevels(node, minute, rolledUp.Block).ToList() : [];
        using (var transaction = blocks.Begin())
        {
            foreach (var block in written)
                blocks.Put(block);
            if (rolledUp.Resets.Count > 0)
                blocks.Put(new StoredBlock(BlockKind.ReportedResets, Level.Finest, node, minute, ReportedResets.Write(rolledUp.Resets)));
            blocks.PutFacts(node, minute, rolledUp.Gaps, rolledUp.Settings, former is not null);
            transaction.Commit();
        }

        if (hasBlock)
            _nodes.Add(node);
        // During a gap the node's entries are unknown; that becomes known only when the node reports again.
        foreach (var gap in rolledUp.Gaps.Where(g => g.Kind is GapKind.SequenceJump or GapKind.Silent or GapKind.Started))
        {
            for (long at = Math.Max(RollupQueue.MinuteOf(gap.FromMs + 1), minute - retention.NodeMs); at < minute; at += Level.MinuteMs)
                queue.TouchServices(at);
        }

        // Late frames in the middle of a gap leave a shorter one, which is found by its end.
        if (minute < nowMs - (3 * Level.MinuteMs) && blocks.GapEnd(node, minute + Level.MinuteMs) is { } endMs)
            queue.Touch(node, RollupQueue.MinuteOf(endMs));
    }

    private IEnumerable<StoredBlock> NodeLevels(string node, long minute, Block block) => Downsampler.Levels(
        BlockKind.Node, minute, new Dictionary<string, Block> { [node] = block }, (level, atMs) => FormerOf(node, level, atMs), HasCurrentNames(minute));

    private Dictionary<string, Block> FormerOf(string node, Level level, long atMs)
    {
        // Missing, damaged, or written by a version without that level: computed from the minutes that exist.
        var block = blocks.Read(BlockKind.Node, level, node, atMs) ?? Downsampler.Of(level, blocks.Minutes(node, atMs, atMs + level.BlockMs));
        return block is null ? [] : new() { [node] = block };
    }

    // Late frames must not give a coarse block outdated names.
    private bool HasCurrentNames(long minute) => minute > NowMs - (10 * Level.MinuteMs);

    private void RollUpServices(long minute, long firstId)
    {
        long watch = time.GetTimestamp();
        queue.BeginServices(minute);
        // The nodes' blocks are deleted already: the rollup of them stays.
        if (minute < NowMs - retention.NodeMs)
            return;
        try
        {
            var (services, nodes) = serviceRollup.RollUp(minute, _nodes);
            // Resets that another node has reported too are removed from a node's blocks.
            var written = nodes.SelectMany(node => NodeLevels(node.Key, minute, node.Value)).ToList();
            written.AddRange(Downsampler.Levels(
                BlockKind.Service, minute, services, (level, atMs) => blocks.ReadAll(BlockKind.Service, level, atMs).ToDictionary(b => b.Name, b => b.Block),
                HasCurrentNames(minute)));
            using var transaction = blocks.Begin();
            blocks.DeleteServices(minute);
            blocks.PutResetSeconds(minute, services[BlockArchive.Cluster].Resets);
            foreach (var block in written)
                blocks.Put(block);
            blocks.MarkRolledUp(queue.RolledUpToId);
            transaction.Commit();
        }
        catch (DbException)
        {
            queue.FailedServices(minute, firstId);
            throw;
        }

        queue.SetRolledUpTo(minute + Level.MinuteMs);
        LastServicesDuration = time.GetElapsedTime(watch);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Rollup failed; will retry. Frames are kept until it succeeds: {Reason}")]
    private partial void LogRollupFailed(string reason);
}
