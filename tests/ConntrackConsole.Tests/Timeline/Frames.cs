using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Tests.Timeline;

/// <summary>Small frames for tests.</summary>
internal static class Frames
{
    public static readonly GroupKey Group = Key("10.1.0.5");

    public static GroupKey Key(string backend, string? vip = "10.96.0.10") =>
        new(Protocols.Tcp, vip is null ? default : Ip.Parse(vip), vip is null ? (ushort)0 : (ushort)80, Ip.Parse(backend), 8080);

    public static NodeFrame Frame(ulong sequence, long atMs, bool key, params (GroupKey Key, uint Established, uint TimeWait)[] groups)
    {
        var frame = new NodeFrame { Sequence = sequence, AtMs = atMs, IsKey = key, Counters = new Counters(0, 0, 0, 0, 100, 1000) };
        foreach (var (group, established, timeWait) in groups)
        {
            var counts = default(StateCounts);
            counts[(int)FlowState.Established] = established;
            counts[(int)FlowState.TimeWait] = timeWait;
            frame.Groups.Add(new GroupCounts(group, counts));
        }

        return frame;
    }

    public static Hello Hello(string node, long startedAtMs = 1) =>
        new(node, "0.1.0", "boot", "6.18", startedAtMs, [new Capability("events", true, "ok")], new Dictionary<string, string>());

    public static Reset Reset(long atMs, ResetKind kind, string src = "10.1.1.1", bool received = false, ushort sport = 40000) =>
        new(atMs, kind, Ip.Parse(src), sport, Ip.Parse("10.1.0.5"), 8080, Ip.Parse("10.96.0.10"), 80, Ip.Parse("10.1.0.5"), 8080, 0, received);
}
