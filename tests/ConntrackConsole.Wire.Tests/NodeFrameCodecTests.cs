using System.Buffers;
using ConntrackConsole.Kernel.Net;
using Xunit;

namespace ConntrackConsole.Wire.Tests;

[Trait("Category", "Parser")]
public class NodeFrameCodecTests
{
    [Fact]
    public void WriteThenRead_ReturnsTheSameFrame()
    {
        var frame = Sample();
        byte[] bytes = Write(frame);

        var read = new NodeFrame();
        Assert.True(NodeFrameCodec.TryRead(bytes, read, out string? error), error);

        Assert.Equal(frame.Sequence, read.Sequence);
        Assert.Equal(frame.AtMs, read.AtMs);
        Assert.Equal(frame.IsKey, read.IsKey);
        Assert.Equal(frame.Counters, read.Counters);
        Assert.Equal(frame.Groups, read.Groups);
        Assert.Equal(frame.Resets, read.Resets);
        Assert.Equal(frame.Gaps, read.Gaps);
        Assert.Equal(frame.Notes, read.Notes);
        Assert.Equal(frame.MoreNotes, read.MoreNotes);
        Assert.Equal(frame.WatchedAddresses, read.WatchedAddresses);
        Assert.Equal(frame.WatchedDetails, read.WatchedDetails);
        Assert.Equal(frame.LateAnswers, read.LateAnswers);
        Assert.Equal(frame.Refusals, read.Refusals);
        Assert.Equal((frame.MoreLateAnswers, frame.MoreRefusals), (read.MoreLateAnswers, read.MoreRefusals));
        Assert.Equal(frame.Settings, read.Settings);
        Assert.Equal(frame.Proxy, read.Proxy);
        Assert.Equal(frame.Ipvs!.Servers, read.Ipvs!.Servers);
        Assert.Equal(frame.HostTcp, read.HostTcp);
        Assert.Equal(frame.Cost, read.Cost);
        Assert.Equal(7u, read.MoreResets[2]);
        Assert.Equal(bytes, Write(read));
    }

    [Fact]
    public void OffloadedFlows_AreReadBack_AndAnOlderConsoleReadsThemAsNone()
    {
        var counts = default(StateCounts);
        (counts[(int)FlowState.None], counts[(int)FlowState.Established], counts[(int)FlowState.Offloaded]) = (1, 2, 5);
        var frame = new NodeFrame { Sequence = 1 };
        frame.Groups.Add(new GroupCounts(new GroupKey(6, Ip.Parse("10.96.0.1"), 80, Ip.Parse("10.244.0.1"), 8080), new StateCounts()));
        frame.Groups.Add(new GroupCounts(new GroupKey(6, Ip.Parse("10.96.0.1"), 80, Ip.Parse("10.244.0.2"), 8080), counts));
        byte[] bytes = Write(frame);
        byte[] older = [.. bytes];
        older[Array.LastIndexOf(older, (byte)10, older.Length - 1 - 4 - 4 - 1)] = 200; // the section's tag, unknown to it

        var read = new NodeFrame();
        Assert.True(NodeFrameCodec.TryRead(bytes, read, out string? error), error);
        Assert.Equal(frame.Groups, read.Groups);
        Assert.Equal(7u, read.Groups[1].Counts.Live);
        Assert.True(NodeFrameCodec.TryRead(older, read, out error), error);
        Assert.Equal((6u, 2u), (read.Groups[1].Counts[(int)FlowState.None], read.Groups[1].Counts.Live));
    }

    [Fact]
    public void ProxyDetails_AreReadBack()
    {
        var proxy = new ProxyReading(5, false, ProxyMode.Unknown, 503, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) { Eligible = false, LiveStatus = 200, LaggingFamily = 6 };

        var read = new NodeFrame();
        Assert.True(NodeFrameCodec.TryRead(Write(new NodeFrame { Sequence = 1, Proxy = proxy }), read, out string? error), error);

        Assert.Equal(proxy, read.Proxy);
        Assert.False(read.Proxy!.ReportsLag);
    }

    [Theory]
    [InlineData(IpvsReadState.Complete, false)]
    [InlineData(IpvsReadState.Partial, true)]
    [InlineData(IpvsReadState.Unreadable, null)]
    public void Ipvs_IsReadBack_AndSkippedByAnOlderConsole(IpvsReadState state, bool? expires)
    {
        IpvsServerConnections[] servers =
        [
            new(6, Ip.Parse("10.96.0.1"), 80, Ip.Parse("10.244.0.1"), 8080, true, 3, 900),
            new(17, Ip.Parse("fd96::1"), 53, Ip.Parse("fd01::1"), 5353, false, 1, 300),
        ];
        byte[] bytes = Write(new NodeFrame { Sequence = 1, Ipvs = new IpvsReading(state, expires, servers, 7) });
        byte[] older = [.. bytes];
        older[Header] = 200; // the section's tag, unknown to it

        var read = new NodeFrame();
        Assert.True(NodeFrameCodec.TryRead(bytes, read, out string? error), error);
        Assert.Equal((state, expires, 7u), (read.Ipvs!.State, read.Ipvs.ExpireNodestConn, read.Ipvs.MoreConnections));
        Assert.Equal(servers, read.Ipvs.Servers);
        Assert.Equal(bytes, Write(read));
        Assert.True(NodeFrameCodec.TryRead(older, read, out error), error);
        Assert.Null(read.Ipvs);
        Assert.Equal(Header, Write(new NodeFrame { Sequence = 1 }).Length); // A node without IPVS sends nothing more.
    }

    [Fact]
    public void Ipvs_MoreServersThanACollectorSends_AreRejected()
    {
        var one = new IpvsServerConnections(6, Ip.Parse("10.96.0.1"), 80, Ip.Parse("10.244.0.1"), 8080, true, 3, 900);
        byte[] bytes = Write(new NodeFrame { Sequence = 1, Ipvs = new IpvsReading(IpvsReadState.Complete, true, [.. Enumerable.Repeat(one, IpvsReading.MaxServers + 1)], 0) });

        Assert.False(NodeFrameCodec.TryRead(bytes, new NodeFrame(), out string? error));
        Assert.Contains("servers of IPVS", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_AnyTruncation_IsAnErrorWithItsPosition()
    {
        byte[] bytes = Write(Sample());
        var ends = SectionEnds(bytes);
        for (int length = 0; length < bytes.Length; length++)
        {
            var read = new NodeFrame();
            // A frame that ends between two sections is valid and contains less.
            if (NodeFrameCodec.TryRead(bytes.AsSpan(0, length), read, out string? error))
            {
                Assert.Contains(length, ends);
                continue;
            }

            Assert.NotNull(error);
            Assert.Empty(read.Groups);
        }
    }

    [Fact]
    public void Read_RandomDamage_NeverThrows()
    {
        byte[] bytes = Write(Sample());
        var random = new Random(10);
        var read = new NodeFrame();
        for (int round = 0; round < 20_000; round++)
        {
            byte[] damaged = (byte[])bytes.Clone();
            for (int flips = random.Next(1, 5); flips > 0; flips--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            if (!NodeFrameCodec.TryRead(damaged, read, out string? error))
                Assert.NotNull(error);
        }
    }

    [Fact]
    public void Read_CountBeyondTheBytes_AllocatesNothing()
    {
        var frame = new NodeFrame { Sequence = 1 };
        frame.Gaps.Add(new Gap(GapKind.Started, 1, 2, 0));
        byte[] bytes = Write(frame);
        BitConverter.TryWriteBytes(bytes.AsSpan(Header + 5), uint.MaxValue); // the count of gaps

        Assert.False(NodeFrameCodec.TryRead(bytes, new NodeFrame(), out string? error));
        Assert.Contains("count", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_EmptyFrame_IsItsHeader() => Assert.Equal(Header, Write(new NodeFrame { Sequence = 1 }).Length);

    [Fact]
    public void Read_UnknownSection_IsSkipped()
    {
        byte[] bytes = [.. Write(Sample()), 200, 3, 0, 0, 0, 1, 2, 3];
        var read = new NodeFrame();

        Assert.True(NodeFrameCodec.TryRead(bytes, read, out string? error), error);
        Assert.Equal(Sample().Groups, read.Groups);
    }

    [Fact]
    public void Read_SectionWithExcessBytes_IsAnError()
    {
        byte[] bytes = [.. Write(new NodeFrame()), 3, 5, 0, 0, 0, 0, 0, 0, 0, 9];

        Assert.False(NodeFrameCodec.TryRead(bytes, new NodeFrame(), out string? error));
        Assert.Contains("section 3", error, StringComparison.Ordinal);
    }

    private const int Header = 53;

    private static HashSet<int> SectionEnds(byte[] bytes)
    {
        var ends = new HashSet<int>();
        for (int at = Header; at <= bytes.Length; at += 5 + (at < bytes.Length ? BitConverter.ToInt32(bytes, at + 1) : 0))
            ends.Add(at);
        return ends;
    }

    private static byte[] Write(NodeFrame frame)
    {
        var output = new ArrayBufferWriter<byte>();
        NodeFrameCodec.Write(frame, output);
        return output.WrittenSpan.ToArray();
    }

    private static NodeFrame Sample()
    {
        var vip = Ip.Parse("10.96.0.1");
        var counts = default(StateCounts);
        counts[(int)FlowState.Established] = 3;
        counts[(int)FlowState.Assured] = 300_000;
        var frame = new NodeFrame
        {
            Sequence = ulong.MaxValue - 5,
            AtMs = 1_800_000_000_000,
            IsKey = true,
            Counters = new Counters(1, 2, 3, 4, 5, 262_144, 6, 7),
        };
        frame.MoreResets[2] = 7;
        frame.Groups.Add(new GroupCounts(new GroupKey(Protocols.Tcp, vip, 80, Ip.Parse("10.244.1.1"), 8080), counts));
        frame.Groups.Add(new GroupCounts(new GroupKey(Protocols.Tcp, vip, 80, Ip.Parse("10.244.1.2"), 8080), default));
        frame.Groups.Add(new GroupCounts(new GroupKey(Protocols.Udp, Ip.Parse("fd00::1"), 53, Ip.Parse("fd00::2"), 53), counts));
        frame.Groups.Add(new GroupCounts(GroupKey.Other, counts));
        frame.Resets.Add(new Reset(
            1_799_999_999_500, ResetKind.UnNated, Ip.Parse("10.1.0.1"), 1000, Ip.Parse("10.244.1.1"), 8080, vip, 80, Ip.Parse("10.244.1.1"), 8080, 1, false));
        frame.Resets.Add(new Reset(
            1_799_999_999_600, ResetKind.Other, Ip.Parse("fd00::9"), 1000, Ip.Parse("fd00::8"), 8080, default, 0, default, 0, 14, true, ResetOrigin.Packet, 0xDEADBEEF));
        frame.Gaps.Add(new Gap(GapKind.EventsLost, 1, 2, 3));
        frame.Notes.Add(new FlowNote(
            5, FlowNoteKind.Lost, LossCause.ForeignDelete, Ip.Parse("10.1.0.1"), 1000, vip, 80, Ip.Parse("10.244.1.1"), 8080, 4711));
        frame.MoreNotes = 3;
        frame.WatchedAddresses.Add(new WatchedAddress(Ip.Parse("fd00::2"), 9, 8, 7, 6, 5));
        frame.WatchedDetails.Add(new WatchedDetail(Ip.Parse("fd00::2"), PathState.LeafGone, 300, 4, 3, 2, uint.MaxValue) { UdpSending = 5, BackingOff = 4, UdpSendingLastSecond = 3, NewestEntryMs = 417 });
        frame.Refusals.Add(new ServiceRefusal(1_800_000_000_001, Ip.Parse("fd00::7"), vip));
        (frame.MoreLateAnswers, frame.MoreRefusals) = (uint.MaxValue, 2);
        frame.LateAnswers.Add(new LateAnswer(1_800_000_000_000, 3_021, Ip.Parse("10.1.0.1"), 40_000, vip, 443, Ip.Parse("fd00::2"), 8080));
        frame.Settings.Add(new SettingChange(6, "net.netfilter.nf_conntrack_tcp_loose", "1", ""));
        frame.Ipvs = new IpvsReading(IpvsReadState.Partial, true, [new(6, Ip.Parse("10.96.0.1"), 80, Ip.Parse("10.244.0.1"), 8080, true, 3, 900)], 7);
        frame.Proxy = new ProxyReading(7, true, ProxyMode.Nftables, 503, 1.5, 2.5, 3.5, 0.25, 10, 1, 0, 2, double.NaN, 3, 4);
        frame.HostTcp = new HostTcp(1, 2, 3, 4);
        frame.Cost = new CollectorCost(FollowMode.DumpOnly, 12, 34_000, 56, 250_000, -17, 3);
        return frame;
    }
}
