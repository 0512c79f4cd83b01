using System.Buffers;
using System.Buffers.Binary;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Blocks;

/// <summary>
/// The resets of a node's frames around a minute, as the node reported them: the input of the deduplication over all nodes. One
/// frame with nothing but its resets for each stored frame that has any.
/// </summary>
internal static class ReportedResets
{
    /// <summary>
    /// The other report of a reset is at most <see cref="ResetDeduplicator.MaxPairDistanceMs"/> away, possibly on the other side of the
    /// minute's boundary. Which reports are pairs depends on the earlier ones: for two minutes to agree, a sender that resets
    /// repeatedly within that time must have paused once within this interval.
    /// </summary>
    private const long LookbackMs = 10_000;

    /// <summary>The part of a frame that counts for a minute, or null.</summary>
    public static NodeFrame? Of(NodeFrame frame, long minuteMs)
    {
        bool hasMore = frame.AtMs >= minuteMs && frame.AtMs < minuteMs + Level.MinuteMs && ((ReadOnlySpan<uint>)frame.MoreResets).ContainsAnyExcept(0u);
        // Nearly every frame.
        if (frame.Resets.Count == 0 && !hasMore)
            return null;
        long endMs = minuteMs + Level.MinuteMs;
        var part = new NodeFrame { AtMs = frame.AtMs };
        part.Resets.AddRange(frame.Resets.Where(r => r.AtMs >= minuteMs - LookbackMs && r.AtMs <= endMs + ResetDeduplicator.MaxPairDistanceMs));
        if (hasMore)
            part.MoreResets = frame.MoreResets;
        return hasMore || part.Resets.Count > 0 ? part : null;
    }

    public static byte[] Write(IEnumerable<NodeFrame> parts)
    {
        var output = new ArrayBufferWriter<byte>(1_024);
        var one = new ArrayBufferWriter<byte>(1_024);
        foreach (var part in parts)
        {
            one.ResetWrittenCount();
            NodeFrameCodec.Write(part, one);
            BinaryPrimitives.WriteInt32LittleEndian(output.GetSpan(4), one.WrittenCount);
            output.Advance(4);
            output.Write(one.WrittenSpan);
        }

        return BlockCodec.Pack(output.WrittenSpan);
    }

    /// <summary>Empty if the bytes cannot be read.</summary>
    public static List<NodeFrame> Read(ReadOnlySpan<byte> bytes)
    {
        var parts = new List<NodeFrame>();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(4_096);
        try
        {
            if (!BlockCodec.TryUnpack(bytes, ref buffer, out var plain))
                return [];
            while (plain.Length >= 4)
            {
                int length = BinaryPrimitives.ReadInt32LittleEndian(plain);
                var part = new NodeFrame();
                if (length < 0 || length > plain.Length - 4 || !NodeFrameCodec.TryRead(plain.Slice(4, length), part, out _))
                    return [];
                parts.Add(part);
                plain = plain[(4 + length)..];
            }

            return plain.IsEmpty ? parts : [];
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Counts by column, kind and Service address: the content of a block of the minute.</summary>
    public static List<BlockReset> Sum(long minuteMs, IEnumerable<Reset> resets, IEnumerable<NodeFrame> parts)
    {
        var sums = new Dictionary<(int Column, ResetKind Kind, Ip Vip, ushort Vport), int>();
        foreach (var reset in resets)
            Add(reset.AtMs, reset.Kind, reset.Vip, reset.Vport, 1);
        foreach (var part in parts)
        {
            for (int kind = 0; kind < ResetOverflow.Length; kind++)
                Add(part.AtMs, (ResetKind)kind, default, 0, (int)Math.Min(part.MoreResets[kind], 1_000_000));
        }

        return [.. sums.Select(s => new BlockReset(s.Key.Column, s.Key.Kind, s.Value, s.Key.Vip, s.Key.Vport)).Order(Block.ResetOrder)];

        void Add(long atMs, ResetKind kind, Ip vip, ushort port, int count)
        {
            // A reset belongs to the second that contains it.
            if (count == 0 || atMs < minuteMs || atMs >= minuteMs + Level.MinuteMs)
                return;
            var key = ((int)((atMs - minuteMs) / 1000), kind, vip, port);
            sums[key] = sums.GetValueOrDefault(key) + count;
        }
    }

    /// <summary>
    /// Deduplicates resets that several nodes reported: puts the remaining reports of each node into its block. Resets are
    /// processed in the order of their own timestamps, so that the same frames always give the same blocks.
    /// </summary>
    /// <param name="reported">By node.</param>
    /// <returns>By node, what its block of the minute contains.</returns>
    public static Dictionary<string, List<BlockReset>> Deduplicate(long minuteMs, Dictionary<string, List<NodeFrame>> reported)
    {
        ArgumentNullException.ThrowIfNull(reported);
        var kept = Reports(reported).ToLookup(k => k.Node, k => k.Reset);
        return reported.ToDictionary(node => node.Key, node => Sum(minuteMs, kept[node.Key], node.Value));
    }

    /// <summary>The resets that several nodes reported, each once.</summary>
    /// <param name="reported">By node.</param>
    public static IReadOnlyList<ResetDeduplicator.Report> Reports(Dictionary<string, List<NodeFrame>> reported)
    {
        ArgumentNullException.ThrowIfNull(reported);
        var ledger = new ResetDeduplicator(int.MaxValue);
        var all =
            from node in reported
            from part in node.Value
            from reset in part.Resets
            orderby reset.AtMs, reset.Received, node.Key
            select (Node: node.Key, Reset: reset);
        foreach (var (node, reset) in all)
            ledger.Add(node, reset);
        return ledger.Kept;
    }
}
