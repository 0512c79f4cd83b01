using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Timeline.Series;

/// <summary>What is kept of single connections is bounded, and its bound is known.</summary>
public sealed class NodeIncidentsTests
{
    private static readonly Ip Pod = Ip.Parse("10.1.0.5");

    [Fact]
    public void Add_MoreThanFits_DropsTheOlderHalf_AndKnowsSinceWhen()
    {
        var incidents = new NodeIncidents();
        for (int second = 1; second <= NodeIncidents.MaxKept + 1; second++)
            Add(incidents, second, frame => frame.Resets.Add(Reset(frame.AtMs, ResetKind.FromBackend)));

        Assert.InRange(incidents.Count, 1, (NodeIncidents.MaxKept / 2) + 1);
        Assert.InRange(incidents.CompleteSinceMs, 1, incidents.Of(Pod)!.Resets[0].AtMs);
    }

    [Fact]
    public void Add_MoreThanFitsOfOneMoment_KeepsThem()
    {
        var incidents = new NodeIncidents();
        Add(incidents, 1, frame => frame.Resets.Add(Reset(frame.AtMs, ResetKind.FromBackend)));
        Add(incidents, 2, frame => frame.Resets.AddRange(Enumerable.Repeat(Reset(frame.AtMs, ResetKind.FromBackend), NodeIncidents.MaxKept)));

        Assert.Equal((NodeIncidents.MaxKept, 2_000L), (incidents.Count, incidents.CompleteSinceMs));
        // But not without end.
        for (int again = 0; again < 3; again++)
            Add(incidents, 2, frame => frame.Resets.AddRange(Enumerable.Repeat(Reset(frame.AtMs, ResetKind.FromBackend), NodeIncidents.MaxKept)));
        Assert.InRange(incidents.Count, 0, 2 * NodeIncidents.MaxKept);
    }

    [Fact]
    public void Add_ManyTruncatedFrames_KeepsTheNewest()
    {
        var incidents = new NodeIncidents();
        for (int second = 1; second <= 3_000; second++)
            Add(incidents, second, frame => frame.MoreNotes = 1);

        Assert.Equal(3_000_000, incidents.TruncatedNotes[^1]);
        Assert.Equal(incidents.TruncatedNotes[0] - 999, incidents.CompleteSinceMs);
    }

    [Fact]
    public void Add_NormalTraffic_TouchesNothing()
    {
        var incidents = new NodeIncidents();
        Add(incidents, 1, frame =>
        {
            frame.Resets.Add(Reset(frame.AtMs, ResetKind.ClientAbort));
            frame.Resets.Add(Reset(frame.AtMs, ResetKind.Direct));
            frame.Groups.Add(new GroupCounts(Group, default));
        });
        Assert.Equal((0, 1), (incidents.Touched.Count, incidents.Count));
    }

    /// <summary>A row that a key frame does not have any more: the address has no entries.</summary>
    [Fact]
    public void Add_KeyFrameWithoutTheRow_EndsTheLookUps()
    {
        var incidents = new NodeIncidents();
        Add(incidents, 1, frame => frame.WatchedAddresses.Add(new WatchedAddress(Pod, 3, 3, 3, 0, 0)));
        Add(incidents, 2, _ => { });
        Assert.Single(incidents.Of(Pod)!.Lookups);
        Add(incidents, 3, _ => { }, isKey: true);
        Assert.Equal(0u, incidents.Of(Pod)!.Lookups[^1].Row.Entries);

        incidents.Trim(10_000);
        Assert.Equal(0, incidents.Count);
    }

    [Fact]
    public void Trim_KeepsTheRowThatStillApplies()
    {
        var incidents = new NodeIncidents();
        Add(incidents, 1, frame => frame.WatchedAddresses.Add(new WatchedAddress(Pod, 5, 5, 2, 0, 0)));
        Add(incidents, 2, frame => frame.WatchedAddresses.Add(new WatchedAddress(Pod, 3, 3, 3, 0, 0)));
        incidents.Trim(60_000);
        Assert.Equal(3u, Assert.Single(incidents.Of(Pod)!.Lookups).Row.Entries);
    }

    /// <summary>Timestamps of a hostile or broken node.</summary>
    [Fact]
    public void Add_ResetFarFromItsFrame_IsIgnored()
    {
        var incidents = new NodeIncidents();
        Add(incidents, 1, frame => frame.Resets.Add(Reset(long.MaxValue / 2, ResetKind.FromBackend)));
        Assert.Equal(0, incidents.Count);
    }

    [Fact]
    public void Increases_AreSummedByInterval_AndZeroIsNotKept()
    {
        var incidents = new NodeIncidents();
        for (int second = 1; second <= 30; second++)
            Add(incidents, second, frame => frame.Counters = new Counters(frame.AtMs <= 12_000 ? 1u : 0u, 0, 0, 0, 10, 100));
        Assert.Equal([(0, 9), (10_000, 3)], incidents.Increases.Select(increase => (increase.AtMs, increase.Invalid)));
    }

    /// <summary>Otherwise an interval of which the events were dropped would look as if nothing had been counted in it.</summary>
    [Fact]
    public void Increases_StayWhenEventsAreDropped()
    {
        var incidents = new NodeIncidents();
        Add(incidents, 1, frame => frame.Counters = new Counters(7, 0, 0, 0, 10, 100));
        for (int second = 100; second <= NodeIncidents.MaxKept + 101; second++)
            Add(incidents, second, frame => frame.Resets.Add(Reset(frame.AtMs, ResetKind.FromBackend)));

        Assert.InRange(incidents.CompleteSinceMs, 100_000, long.MaxValue);
        Assert.Equal((0, 7), Assert.Single(incidents.Increases.Select(increase => (increase.AtMs, increase.Invalid))));

        incidents.Trim(60_000);
        Assert.Empty(incidents.Increases);
    }

    /// <summary>What closed while frames were missing did not close when they came again; counting begins again with the next key frame.</summary>
    [Theory]
    [InlineData(false, 4)]
    [InlineData(true, 1)]
    public void Closed_WhileFramesWereMissing_IsNotCountedAfterThem(bool isMissing, int expected)
    {
        var incidents = new NodeIncidents();
        Add(incidents, 1, frame => Closed(frame, 1), isKey: true);
        Add(incidents, 2, frame => Closed(frame, 2));
        Add(incidents, 20, frame => Closed(frame, 4), follows: !isMissing);
        Add(incidents, 21, frame => Closed(frame, 5));
        Assert.Equal(expected, incidents.Of(Pod)!.Closed.Sum(row => row.Count));
        // From the next key frame on.
        Add(incidents, 22, frame => Closed(frame, 5), isKey: true);
        Add(incidents, 23, frame => Closed(frame, 7));
        Assert.Equal(expected + 2, incidents.Of(Pod)!.Closed.Sum(row => row.Count));
    }

    /// <summary>So with the counters of kube-proxy: of packets that were dropped within an hour without frames, none was dropped now.</summary>
    [Theory]
    [InlineData(false, 30)]
    [InlineData(true, 20)]
    public void DroppedPackets_WhileFramesWereMissing_AreNotOfTheFirstAfterThem(bool isMissing, double expected)
    {
        var incidents = new NodeIncidents();
        Add(incidents, 1, frame => frame.Proxy = Proxy(100), isKey: true);
        Add(incidents, 3, frame => frame.Proxy = Proxy(110));
        Add(incidents, 3_600, frame => frame.Proxy = Proxy(120), follows: !isMissing);
        Add(incidents, 3_602, frame => frame.Proxy = Proxy(130));
        Assert.Equal(expected, incidents.Increases.Sum(increase => increase.InvalidDropped));
    }

    private static ProxyReading Proxy(double dropped) => new(1, true, ProxyMode.Iptables, 200, 1, 1, 0, 0, 0, 0, 0, 0, 0, dropped, 1);

    private static void Closed(NodeFrame frame, uint count)
    {
        StateCounts counts = default;
        counts[(int)FlowState.Close] = count;
        frame.Groups.Add(new GroupCounts(Group, counts));
    }

    private static void Add(NodeIncidents incidents, int second, Action<NodeFrame> add, bool isKey = false, bool follows = true)
    {
        var frame = Frame((ulong)second, second * 1_000, isKey);
        add(frame);
        incidents.Add(frame, frame.AtMs, follows);
    }
}
