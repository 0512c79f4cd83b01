
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Resets;
using ConntrackConsole.Kernel.Routes;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation.Resets;

/// <summary>Who is to see resets.</summary>
internal enum ResetChoice
{
    /// <summary>The tracepoints, or packets where there are none.</summary>
    Auto,
    Trace,
    Packet,
    /// <summary>Each fills in what the other cannot see; what both see counts once.</summary>
    Both,
}

/// <summary>The resets of this node, not yet joined with their flows.</summary>
internal sealed class ResetSource : IDisposable
{
    private readonly ResetRecord[] _batch = new ResetRecord[256];
    private readonly List<Locality> _localities = [];
    private ResetTrace? _trace;
    private PacketResets? _packets;

    /// <summary>True where a reset may be told twice, by its tracepoint and by its packet.</summary>
    public bool IsDouble => _trace is not null && _packets is not null;

    /// <summary>Opens what was chosen.</summary>
    /// <param name="choice">The choice.</param>
    /// <param name="why">What of it there is not, and why; empty where nothing is missing.</param>
    /// <returns>Null where there is nothing of it.</returns>
    public static ResetSource? TryOpen(ResetChoice choice, out string why)
    {
        var source = new ResetSource();
        string? noTrace = choice == ResetChoice.Packet ? null : source.OpenTrace();
        string? noPackets = choice is ResetChoice.Trace || (choice is ResetChoice.Auto && noTrace is null) ? null : source.OpenPackets();
        why = string.Join(" ", ((string?[])[noTrace, noPackets]).Where(reason => reason is not null));
        if (source._trace is not null || source._packets is not null)
            return source;
        source.Dispose();
        return null;
    }

    public static ResetSource? OpenOrLog(ResetChoice choice, TextWriter log)
    {
        var source = TryOpen(choice, out string why);
        if (source is null)
            log.WriteLine("Resets are not seen: " + why);
        else if (why.Length > 0)
            log.WriteLine($"Resets are seen {(source._trace is null ? "as packets" : "by tracepoints")} only: {why}");
        return source;
    }

    /// <summary>Appends what came since the last call.</summary>
    /// <returns>How many records are known to be lost.</returns>
    public uint Drain(List<Reset> output)
    {
        long lost = 0;
        if (_trace is { } trace)
        {
            Take(trace.Drain, output);
            lost += trace.TakeLost();
        }

        if (_packets is { } packets)
        {
            Take(packets.Drain, output);
            lost += packets.TakeLost();
        }

        return (uint)Math.Min(lost, uint.MaxValue);
    }

    public void Dispose()
    {
        _trace?.Dispose();
        _packets?.Dispose();
        foreach (var locality in _localities)
            locality.Dispose();
    }

    private delegate int Drainer(Span<ResetRecord> into);

    private void Take(Drainer drain, List<Reset> output)
    {
        int taken;
        do
        {
            taken = drain(_batch);
            foreach (ref readonly var seen in _batch.AsSpan(0, taken))
            {
                output.Add(new Reset(
                    seen.AtMs, ResetKind.Other, seen.Src, seen.Sport, seen.Dst, seen.Dport, default, 0, default, 0,
                    seen.Reason, seen.Received, seen.Origin, seen.Sequence));
            }
        }
        while (taken == _batch.Length);
    }

    private string? OpenTrace() =>
        TryLocality(out var locality) is { } failure ? failure : ResetTrace.TryOpen(locality!, out _trace, out string? why) ? null : why;

    private string? OpenPackets() =>
        TryLocality(out var locality) is { } failure ? failure : PacketResets.TryOpen(locality!, out _packets, out string? why) ? null : why;

    // One for each reader's thread.
    private string? TryLocality(out Locality? locality)
    {
        locality = null;
        try
        {
            locality = new Locality();
            _localities.Add(locality);
            return null;
        }
        catch (NetlinkException failure)
        {
            return failure.Message;
        }
    }
}
