using System.Buffers;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Collector.Commands;
using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Collector.Commands.Settings;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Collector.KubeProxy;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Collector.Uplink;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Ipvs;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Nftables;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Kernel.Resets;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Fuzz;

/// <summary>All parsers of external bytes.</summary>
internal static class FuzzTargets
{
    private const string TupleOrig =
        "340001801400018008000100" + "0A010001" + "08000200" + "0A600001" + "1C000280" + "0500010006000000" + "06000200" + "03E80000" + "06000300" + "00500000";

    private const string TupleReply =
        "340002801400018008000100" + "0AF40001" + "08000200" + "0A010001" + "1C000280" + "0500010006000000" + "06000200" + "1F900000" + "06000300" + "03E80000";

    private const string FlowRest =
        "08000C00" + "C6892D48" + "08000300" + "0000000E" + "08000700" + "000003E8" + "30000480" + "2C000180" + "0500010003000000"
        + "0500020000000000" + "0500030000000000" + "0600040000000000" + "0600050000000000";

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("netlink messages and flows", [Datagram(), [.. Datagram(), .. Datagram()]], Netlink),
        new("trace format", [.. TextSeeds("tcp_send_reset-6.18.format", "tcp_receive_reset-6.18.format", "tcp_send_reset-5.15.format", "header_page-6.18.format")], Format),
        new("trace pages and records", [.. PageNames.Select(Fixture.Bytes)], Page),
        new("packets of resets", [.. PacketSamples.All], static input => ResetPacket.TryParse(input, out _)),
        new("frames", [Frame(new NodeFrame()), Frame(FullFrame())], Frames),
        new("hub messages", [.. HubSeeds()], Hub),
        new("commands at the handlers", [.. HubSeeds()], Orders),
        new("journal lines", [.. JournalSeeds()], JournalLines),
        new("spill files", [SpillFile()], SpillRecords),
        new("sysctl files", ["1\n"u8.ToArray(), "432000\n"u8.ToArray(), "-5"u8.ToArray(), "9223372036854775808"u8.ToArray()], static input => Sysctl.TryParse(input, out _)),
        new("/proc/self/status", ["Name:\tx\nCapEff:\t000001ffffffffff\n"u8.ToArray()], static input => CapabilitySet.TryParse(Encoding.UTF8.GetString(input), out _)),
        new("kube-proxy's metrics", [Fixture.Bytes("kube-proxy-nftables.txt"), Fixture.Bytes("kube-proxy-iptables.txt")], static input => KubeProxyMetrics.Read(input)),
        new("/proc/net/snmp", ["Tcp: OutRsts EstabResets\nTcp: 1 2\n"u8.ToArray(), File.ReadAllBytes("/proc/net/snmp")], static input => SnmpTcp.TryParse(input, out _)),
        new("/proc/meminfo", ["MemTotal: 16307536 kB\n"u8.ToArray(), File.ReadAllBytes("/proc/meminfo")], static input => NodeMemory.TryParse(input, out _)),
        new("IPVS's timeouts", [Convert.FromHexString("0C010000" + "0800040084030000" + "0800050078000000" + "080006002C010000")], static input => IpvsRequest.TryRead(input, out _)),
        new("lines of IPVS", ["TCP 0AF4000B C8E2 0A600707 0050 0AF4000C 1F90 ESTABLISHED     897"u8.ToArray(), "  -> [fd01:0000:0000:0000:0000:0000:0000:0012]:1F90 Masq 0 1 0"u8.ToArray(), "FWM  00000005 rr"u8.ToArray()],
            static input => _ = IpvsText.TryReadConnection(input, out _) | IpvsText.TryReadServer(input, out _, out _, out _) | IpvsText.TryReadService(input, out _, out _, out _)),
        new("rules of nftables", [.. RuleNames.Select(name => Fixture.Bytes(name)[NetlinkMessage.HeaderLength..])], Rules),
        new("elements of nftables", [Convert.FromHexString(SetElements)], Elements),
        new("addresses and ranges", ["10.244.0.0/16"u8.ToArray(), "fd00:244::/64"u8.ToArray(), "::ffff:10.0.0.1"u8.ToArray(), "[fd00::1]:80"u8.ToArray()], Addresses),
    ];

    // A set of this program with both families, 5 s and 10 s, as dumped by the kernel.
    private const string SetElements =
        "01000002" + "16000100" + "636F6E6E747261636B5F636F6E736F6C65000000" + "0A000200" + "61726D6564000000" + "54000300"
        + "28000100" + "0C000100" + "0500010002000000" + "0C000400" + "0000000000001388" + "0C000500" + "0000000000001284"
        + "28000100" + "0C000100" + "050001000A000000" + "0C000400" + "0000000000002710" + "0C000500" + "000000000000260C";

    private static string[] RuleNames =>
        ["kube-forward-invalid.rule", "kube-forward-invalid-counted.rule", "kube-forward-mark.rule", "kube-forward-established.rule", "invalid-of-one-network.rule"];

    private static string[] PageNames =>
        ["refused.page", "unread-data.page", "unread-data-v6.page", "unread-data-v4mapped.page", "lost.page", "linger-abort.page", "stray-ack-to-listener.page", "v6-refused.page"];

    private static void Netlink(ReadOnlySpan<byte> input)
    {
        try
        {
            foreach (var message in new NetlinkMessages(input))
            {
                var flow = FlowReader.Read(message);
                if (flow.Key.IsComplete)
                {
                    // The deletion of any parsed flow has a full tuple.
                    var writer = new NetlinkWriter(new byte[256]);
                    FlowRequest.Delete(ref writer, 1, flow.Key);
                    Assert.InRange(writer.Length, 80, 160);
                }
            }
        }
        catch (NetlinkException)
        {
            // The documented refusal, with position and length.
        }
    }

    private static void Rules(ReadOnlySpan<byte> input)
    {
        try
        {
            InvalidDrop.IsIn(input);
            var state = default(ArmedState);
            ArmedReader.Rule(input, ref state);
        }
        catch (NetlinkException)
        {
            // The documented refusal, with position and length.
        }
    }

    private static void Elements(ReadOnlySpan<byte> input)
    {
        try
        {
            var state = default(ArmedState);
            ArmedReader.Elements(input, ref state);
            Assert.True(state.Ipv4 >= TimeSpan.Zero && state.Ipv6 >= TimeSpan.Zero);
        }
        catch (NetlinkException)
        {
            // The documented refusal, with position and length.
        }
    }

    private static void Format(ReadOnlySpan<byte> input)
    {
        if (TraceFormat.TryParse(Encoding.UTF8.GetString(input), out var format, out string? error))
        {
            if (ResetLayout.TryCreate(format, received: false, out var layout, out _))
                layout.TryDecode(Fixture.Bytes("refused.page"), 0, out _);
            TracePageLayout.TryCreate(format, out _);
        }
        else
        {
            Assert.NotEmpty(error);
        }
    }

    private static readonly ResetDecoder Decoder = RealDecoder();

    private static void Page(ReadOnlySpan<byte> input)
    {
        var page = new TracePage(input, new TracePageLayout(Timestamp: 0, Commit: 8, Data: 16, WordSize: 8));
        while (page.MoveNext())
            Decoder.TryDecode(page.Record, 0, out _);
        Assert.True(page.Lost >= 0);
    }

    private static void Frames(ReadOnlySpan<byte> input)
    {
        var frame = new NodeFrame();
        if (!NodeFrameCodec.TryRead(input, frame, out string? error))
        {
            Assert.NotNull(error);
            return;
        }

        // Parse, write, parse: equal.
        byte[] written = Frame(frame);
        var again = new NodeFrame();
        if (written.Length <= NodeFrameCodec.MaxBytes)
        {
            Assert.True(NodeFrameCodec.TryRead(written, again, out error), error);
            Assert.Equal(written, Frame(again));
        }
    }

    private static void Hub(ReadOnlySpan<byte> input)
    {
        foreach (var type in HubTypes)
        {
            try
            {
                JsonSerializer.Deserialize(input, type, WireJson.Default);
            }
            catch (JsonException)
            {
                // The documented refusal; the hub closes the connection.
            }
        }
    }

    private static readonly Type[] HubTypes =
    [
        typeof(Hello), typeof(PreviewRequest), typeof(FlushPreview), typeof(FlushNodeCommand), typeof(FlushResult), typeof(StoredRanges), typeof(WatchList),
        typeof(FlushOutcomeRequest), typeof(FlushOutcomeSample), typeof(SettingRequest), typeof(SettingReading), typeof(SettingNodeCommand), typeof(RevertNodeCommand),
        typeof(SettingResult), typeof(RecallRequest), typeof(RecallAnswer), typeof(JournalReport),
    ];

    // Whatever parses is checked by every guard before the kernel, and refused with a message or accepted.
    private static void Orders(ReadOnlySpan<byte> input)
    {
        if (Parsed<PreviewRequest>(input) is { } preview)
        {
            NodeFlushGuard.RefuseAddress(preview.PodIp, [], out var podIp);
            NodeFlushGuard.RefuseStatement(preview.Ownership, podIp, 1);
            Assert.True(FlushFilter.TryParse(preview.Preset, preview.Scope, out var filter, out Reason? refusal) || refusal!.Message.Length is > 0 and < 300);
            filter.Matches(default, preview.Ownership.State);
        }

        if (Parsed<FlushNodeCommand>(input) is { } flush)
        {
            Assert.InRange(NodeCommandGuard.Refuse(flush.Command, 1)?.Message.Length ?? 1, 1, 300 + NodeCommandGuard.MaxText);
            NodeFlushGuard.RefuseStatement(flush.Ownership, Ip.Parse("10.244.1.1"), 1);
        }

        if (Parsed<SettingNodeCommand>(input) is { } setting)
        {
            NodeCommandGuard.Refuse(setting.Command, long.MaxValue);
            foreach (var kind in SettingCatalog.All)
            {
                Assert.InRange(NodeSettingGuard.Refuse(kind, setting.Value, setting.Previewed, 1L << 34)?.Message.Length ?? 1, 1, 1500);
                NodeSettingGuard.RefuseTime(kind, setting.RevertAfterMs);
            }
        }

        if (Parsed<RevertNodeCommand>(input) is { } revert)
            NodeCommandGuard.RefuseId(revert.ChangeId);
        if (Parsed<RecallRequest>(input) is { } recall)
            NodeCommandGuard.RefuseId(recall.ActionId);
    }

    private static T? Parsed<T>(ReadOnlySpan<byte> input)
        where T : class
    {
        try
        {
            return (T?)JsonSerializer.Deserialize(input, typeof(T), WireJson.Default);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void JournalLines(ReadOnlySpan<byte> input)
    {
        var memory = new JournalState();
        memory.Apply(new JournalLine { Phase = JournalPhase.Journal, At = default, JournalId = "j", Generation = 0 });
        foreach (var range in input.Split((byte)'\n'))
        {
            if (JournalLine.TryParse(input[range], out var line))
            {
                memory.Apply(line);
                // Parse, write, parse: the same line.
                Assert.True(JournalLine.TryParse(line.ToBytes().AsSpan()[..^1], out var again));
                Assert.Equal(line.ToBytes(), again.ToBytes());
            }
        }

        foreach (var act in memory.Actions.Where(act => act.IsOpenChange))
            act.Open();
        JournalReports.Next(memory, DateTimeOffset.MaxValue);
        var rewritten = new JournalState();
        Assert.All(memory.Lines("j", default), line => Assert.True(rewritten.Apply(line)));
        Assert.Equal(memory.Actions.Select(act => act.ActionId), rewritten.Actions.Select(act => act.ActionId));
    }

    private static IEnumerable<byte[]> JournalSeeds()
    {
        var begin = new JournalLine
        {
            Phase = JournalPhase.Begin, At = DateTimeOffset.UnixEpoch, Number = 1, ActionId = "a", Origin = JournalOrigin.Console, Kind = JournalKind.Setting,
            Target = SettingCatalog.BeLiberal, Who = "ada", Reason = "x", Before = "0", Wanted = "1", RevertAtMs = 5, BootId = "b",
        };
        var end = new JournalLine
        {
            Phase = JournalPhase.End, At = DateTimeOffset.UnixEpoch, ActionId = "a",
            Setting = new SettingResult("a", "node1", SettingCatalog.BeLiberal, SettingOutcome.Written, "0", "1", 5, null),
        };
        var flush = begin with { Number = 2, ActionId = "f", Kind = JournalKind.Flush, Target = "10.244.1.1", Before = "1" };
        var flushed = end with { ActionId = "f", Setting = null, Flush = new FlushResult("f", "node1", 1, 1, 0, 0, 0, 0, null, [], 1, "D") };
        yield return [.. begin.ToBytes(), .. end.ToBytes(), .. (begin with { Number = 2, ActionId = "r", Kind = JournalKind.Revert, ChangeId = "a" }).ToBytes()];
        yield return [.. flush.ToBytes(), .. flushed.ToBytes()];
        yield return new JournalLine { Phase = JournalPhase.Fence, At = DateTimeOffset.UnixEpoch, ActionId = "z" }.ToBytes();
        yield return new JournalLine { Phase = JournalPhase.Reported, At = DateTimeOffset.UnixEpoch, Number = 1 }.ToBytes();
    }

    private static void Addresses(ReadOnlySpan<byte> input)
    {
        string text = Encoding.UTF8.GetString(input);
        if (Ip.TryParse(text, out var ip))
            Assert.Equal(ip, Ip.Parse(ip.ToString()));
        try
        {
            var range = Cidr.Parse(text);
            Assert.True(range.Contains(range.Network));
        }
        catch (FormatException)
        {
            // The documented refusal.
        }
    }

    private static ResetDecoder RealDecoder()
    {
        string? Read(string file) => file.EndsWith("header_page", StringComparison.Ordinal) ? Fixture.Text("header_page-6.18.format")
            : file.Contains("tcp_send_reset", StringComparison.Ordinal) ? Fixture.Text("tcp_send_reset-6.18.format")
            : Fixture.Text("tcp_receive_reset-6.18.format");
        Assert.True(ResetDecoder.TryCreate(Read, out var decoder, out string? why), why);
        return decoder;
    }

    private static IEnumerable<byte[]> TextSeeds(params string[] names) => names.Select(Fixture.Bytes);

    private static byte[] Datagram()
    {
        var writer = new NetlinkWriter(new byte[1024]);
        writer.Begin(CtMessage.New, NetlinkFlags.Create, 0);
        writer.Raw(Convert.FromHexString("02000000" + TupleOrig + TupleReply + FlowRest));
        writer.End();
        return writer.Written.ToArray();
    }

    private static byte[] Frame(NodeFrame frame)
    {
        var output = new ArrayBufferWriter<byte>();
        NodeFrameCodec.Write(frame, output);
        return output.WrittenSpan.ToArray();
    }

    private static NodeFrame FullFrame()
    {
        var (vip, pod, client) = (Ip.Parse("10.96.0.1"), Ip.Parse("10.244.1.1"), Ip.Parse("fd00::5"));
        var counts = default(StateCounts);
        counts[(int)FlowState.Established] = 300;
        var frame = new NodeFrame { Sequence = 7, AtMs = 1_800_000_000_000, IsKey = true, Counters = new Counters(1, 2, 3, 4, 5, 6, 7, 8), MoreNotes = 1 };
        frame.MoreResets[1] = 9;
        frame.Groups.Add(new GroupCounts(new GroupKey(Protocols.Tcp, vip, 80, pod, 8080), counts));
        frame.Groups.Add(new GroupCounts(new GroupKey(Protocols.Tcp, vip, 80, client, 8080), counts));
        frame.Resets.Add(new Reset(1, ResetKind.UnNated, client, 1, pod, 2, vip, 80, pod, 8080, 3, false, ResetOrigin.Packet, 99));
        frame.Gaps.Add(new Gap(GapKind.EventsLost, 1, 2, 3));
        frame.Notes.Add(new FlowNote(5, FlowNoteKind.Lost, LossCause.Timeout, client, 1, vip, 80, pod, 8080, 4));
        frame.WatchedAddresses.Add(new WatchedAddress(pod, 5, 4, 3, 2, 1));
        frame.Settings.Add(new SettingChange(6, "net.netfilter.nf_conntrack_tcp_loose", "1", "0"));
        frame.Proxy = new ProxyReading(7, true, ProxyMode.Ipvs, 200, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
        frame.Ipvs = new IpvsReading(IpvsReadState.Partial, null, [new(6, vip, 80, pod, 8080, true, 3, 900)], 7);
        frame.HostTcp = new HostTcp(1, 2, 3, 4);
        frame.Cost = new CollectorCost(FollowMode.DumpOnly, 1, 2, 3, 4, -5, 6);
        return frame;
    }

    private static byte[] SpillFile()
    {
        byte[] file = new byte[256];
        SpillFormat.WriteHeader(file, 1_700_000_000_000);
        int length = SpillFormat.HeaderLength;
        length += SpillFormat.WriteRecord(file.AsSpan(length), 1, 1_700_000_001_000, Frame(new NodeFrame()));
        length += SpillFormat.WriteRecord(file.AsSpan(length), 2, 1_700_000_002_000, Frame(new NodeFrame()));
        return file[..length];
    }

    private static void SpillRecords(ReadOnlySpan<byte> input)
    {
        if (!SpillFormat.TryReadHeader(input, out long run))
            return;
        Assert.True(run > 0);
        var rest = input[SpillFormat.HeaderLength..];
        while (SpillFormat.TryReadRecord(rest, out ulong sequence, out long atMs, out var frame))
        {
            Assert.True(sequence > 0 && atMs >= 0 && frame.Length <= rest.Length - SpillFormat.RecordHeaderLength);
            rest = rest[(SpillFormat.RecordHeaderLength + frame.Length)..];
        }
    }

    private static IEnumerable<byte[]> HubSeeds()
    {
        var statement = new OwnershipStatement("10.244.1.1", OwnerState.Gone, "shop/a", 1);
        var entry = new FlowEntry("tcp", "ESTABLISHED", "10.1.0.1", 1, "10.96.0.1", 80, "10.244.1.1", 8080, "10.1.0.1", 1, 0, 1, 2, 3, FlushEffect.FailsFast);
        yield return Json(new Hello("node1", "1", "b", "k", 1, [new Capability("events", true, "x")], new Dictionary<string, string> { ["a"] = "1" }));
        yield return Json(new PreviewRequest("p", "10.244.1.1", statement));
        yield return Json(new FlushPreview("p", "node1", "00", [entry], 1, null, true));
        yield return Json(new FlushNodeCommand(new NodeCommand("a", "ada", null, "test", false, long.MaxValue), "p", "00", statement));
        yield return Json(new FlushResult("a", "node1", 1, 1, 0, 0, 0, 0, null, ["x"], 5));
        var note = new NodeCommand("a", "ada", "grace", "INC-1", true, 5);
        var result = new SettingResult("a", "node1", SettingCatalog.Max, SettingOutcome.Written, "1", "2", 5, null);
        yield return Json(new PreviewRequest("p", "10.244.1.1", statement, FlushPreset.Safe, new FlushScope("tcp", "10.96.0.1", 80)));
        yield return Json(new FlushOutcomeRequest("a"));
        yield return Json(new FlushOutcomeSample("a", "node1", 1, 2, 3, 4, 5, null));
        yield return Json(new SettingRequest("a", SettingCatalog.Max, "5000"));
        yield return Json(new SettingReading("a", "node1", SettingCatalog.Max, "1", null, new OpenChange("a", SettingCatalog.Max, "1", "2", 3, 4), "x"));
        yield return Json(new SettingNodeCommand(note, SettingCatalog.Max, "4096", "5000", 60_000));
        yield return Json(new RevertNodeCommand(note, "a"));
        yield return Json(result);
        yield return Json(new RecallRequest("a"));
        yield return Json(new RecallAnswer("a", "node1", true, null, result));
        yield return Json(new JournalReport("j", [new JournalEntry(1, 2, JournalOrigin.Timer, "a", "revert", "k", "node1", null, "1", "0", "x", null, false)]));
        yield return Json(new StoredRanges(1, [new SequenceRange(1, 2)]));
        yield return Json(new WatchList(["10.244.1.1"]));
    }

    private static byte[] Json<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, typeof(T), WireJson.Default);
}
