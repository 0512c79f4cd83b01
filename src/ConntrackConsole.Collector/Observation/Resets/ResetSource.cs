using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Resets;
using ConntrackConsole.Kernel.Routes;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation.Resets;

/// <summary>How resets are observed.</summary>
internal enum ResetChoice
{
    /// <summary>
    /// By tracepoints. By packets too where the kernel traces only the resets that a socket sends (before Linux 6.10): the reset
    /// that answers an un-NATed segment has none. By packets alone if tracepoints are unavailable.
    /// </summary>
    Auto,
    Trace,
    Packet,
    /// <summary>Both complement each other; a reset that both observe counts once.</summary>
    Both,
}

/// <summary>Reads the resets of this node, not yet matched to their flows.</summary>
internal sealed class ResetSource : IDisposable
{
    /// <summary>What tracepoints lack where <see cref="TracesEverySender"/> is false.</summary>
    public const string UntracedSenders =
        "This kernel (before Linux 6.10) does not trace a reset that no socket sends (a refused SYN, the answer to an un-NATed or stray segment): "
        + "such a reset appears only where a socket receives it, and there it looks like a client's abort, so its kind is unknown.";

    private readonly ResetRecord[] _batch = new ResetRecord[256];
    private readonly List<Locality> _localities = [];
    private ResetTrace? _trace;
    private PacketResets? _packets;

    /// <summary>True if a reset may be observed twice, by tracepoint and by packet.</summary>
    public bool IsDouble => _trace is not null && _packets is not null;

    /// <summary>
    /// False if tracepoints are read on a kernel that does not trace the resets that no socket sends: the sender of a reset that
    /// was received may then not have been observed.
    /// </summary>
    public bool TracesEverySender => _trace is null or { HasReasons: true };

    /// <summary>Opens the chosen sources.</summary>
    /// <param name="choice">The choice.</param>
    /// <param name="why">What is unavailable, and why; empty if nothing is.</param>
    /// <param name="format">As in <see cref="ResetTrace"/>: imitates an older kernel in tests.</param>
    /// <returns>Null if no chosen source is available.</returns>
    public static ResetSource? TryOpen(ResetChoice choice, out string why, Func<string, string>? format = null)
    {
        var source = new ResetSource();
        string? noTrace = choice == ResetChoice.Packet ? null : source.OpenTrace(format);
        bool packets = choice is ResetChoice.Packet or ResetChoice.Both || (choice == ResetChoice.Auto && (noTrace is not null || !source.TracesEverySender));
        string? noPackets = packets ? source.OpenPackets() : null;
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
            log.WriteLine("Resets are not observed: " + why);
        else if (why.Length > 0)
            log.WriteLine($"Resets are observed {(source._trace is null ? "as packets" : "by tracepoints")} only: {why}");
        return source;
    }

    /// <summary>Appends the resets since the last call.</summary>
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

    /// <summary>Packets to Services that a rule of this node refused are observed.</summary>
    public bool HasRefusals => _trace is { HasRefusals: true };

    /// <summary>Appends the packets that the kernel answered with ICMP port unreachable since the last call.</summary>
    public void DrainRefusals(List<RefusalRecord> output) => _trace?.DrainRefusals(output);

    /// <summary>Attempts to connect that ended without an answer are observed.</summary>
    public bool HasAttempts => _trace is { HasAttempts: true };

    /// <summary>Appends the attempts to connect that ended without an answer since the last call, of the whole machine.</summary>
    public void DrainAttempts(List<AttemptRecord> output) => _trace?.DrainAttempts(output);

    /// <summary>Appends the connections that sent their SYN again since the last call, of the whole machine.</summary>
    public void DrainRepeatedSyns(List<AttemptRecord> output) => _trace?.DrainRepeatedSyns(output);

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

    private string? OpenTrace(Func<string, string>? format) =>
        TryLocality(out var locality) is { } failure ? failure : ResetTrace.TryOpen(locality!, 0, out _trace, out string? why, format) ? null : why;

    private string? OpenPackets() =>
        TryLocality(out var locality) is { } failure ? failure : PacketResets.TryOpen(locality!, out _packets, out string? why) ? null : why;

    // Each reader's thread needs its own.
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
