using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Timeline.Storage;

/// <summary>
/// Reads stored frames for one answer, on a connection of its own: the apply loop does not wait for it. Not thread-safe.
/// </summary>
internal sealed class StoredFrameReader(IDbContextFactory<ConsoleDb> databases, FrameArchive archive) : IDisposable
{
    private const int BusySeconds = 10;

    private readonly BulkConnection _rows = new(databases, BusySeconds);
    private readonly FrameBuffer _buffer = new();

    /// <summary>The nodes with frames within an interval.</summary>
    public List<string> Nodes(long fromMs, long toMs)
    {
        var nodes = archive.Index.NodesSince(fromMs).Select(node => node.Node).ToHashSet(StringComparer.Ordinal);
        using var row = _rows.Read("SELECT DISTINCT Node FROM FramePacks WHERE LastMs >= $a AND FirstMs <= $b", fromMs, toMs);
        while (row.Read())
            nodes.Add(row.GetString(0));
        return [.. nodes.Order(StringComparer.Ordinal)];
    }

    /// <summary>A node's frames within an interval, in the order in which they were made. The frame is the same object each time.</summary>
    public IEnumerable<(long Run, NodeFrame Frame)> Read(string node, long fromMs, long toMs) => Read(node, fromMs, toMs, static (stored, frame, _) => (stored.Run, frame));

    /// <summary>The same frames with their bytes, as they were received.</summary>
    public IEnumerable<(long Run, byte[] Bytes)> ReadBytes(string node, long fromMs, long toMs) => Read(node, fromMs, toMs, static (stored, _, buffer) => (stored.Run, buffer.Bytes(stored).ToArray()));

    private IEnumerable<T> Read<T>(string node, long fromMs, long toMs, Func<BufferedFrame, NodeFrame, FrameBuffer, T> result)
    {
        // The rows first: a frame that is packed meanwhile is in both, and the other way round it would be in neither.
        var ids = archive.Index.Rows(node, fromMs, toMs);
        _buffer.Clear();
        using (_rows.Begin(readOnly: true))
        {
            using (var pack = _rows.Read(
                "SELECT Bytes FROM FramePacks WHERE Node = $a AND MinuteMs >= $b AND MinuteMs <= $c", node, Level.MinuteOf(fromMs), Level.MinuteOf(toMs)))
            {
                while (pack.Read())
                    FrameArchive.AddPack(pack, _buffer);
            }

            using var row = _rows.Read(FrameArchive.ByIds, "[" + string.Join(',', ids) + "]");
            FrameArchive.AddRows(row, _buffer);
        }

        _buffer.Sort();
        var frame = new NodeFrame();
        foreach (var stored in _buffer.Frames)
        {
            // A frame that was rejected when it arrived is rejected now too.
            if (stored.AtMs >= fromMs && stored.AtMs <= toMs && stored.AtMs <= stored.ReceivedMs + TimelineStore.MaxAheadMs
                && NodeFrameCodec.TryRead(_buffer.Bytes(stored), frame, out _))
                yield return result(stored, frame, _buffer);
        }
    }

    public void Dispose() => _rows.Dispose();
}
