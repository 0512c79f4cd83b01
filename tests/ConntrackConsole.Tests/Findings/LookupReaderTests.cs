using ConntrackConsole.Findings;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Findings;

/// <summary>What look-ups of one or several nodes show as of a moment: each condition, at both of its sides.</summary>
public sealed class LookupReaderTests
{
    private static readonly Ip Backend = Ip.Parse("10.1.0.5");
    private static readonly Ip Vip = Ip.Parse("10.96.0.10");

    [Fact]
    public void Read_WithoutLookups_IsMissing() =>
        Assert.Equal("the address was not on the watch list", LookupReader.Read(Subject(0), 0, 200_000).MissingBecause);

    /// <summary>They are of the Service with more of its entries.</summary>
    [Fact]
    public void Read_LookupsOfAnotherService_AreMissing()
    {
        var record = Record(0, [(110_000, Row(3, 3))]) with
        {
            Groups = [Group(Vip, 1), Group(Ip.Parse("10.96.0.11"), 5)],
        };
        var parts = SubjectRecords.Divide(NodeReaderTests.Window, record);

        Assert.Equal("the look-ups of the address count the entries of another Service", LookupReader.Read(parts.Single(part => part.Subject.Address!.Value.Ip == Vip), 0, 200_000).MissingBecause);
        Assert.True(LookupReader.Read(parts.Single(part => part.Subject.Address!.Value.Ip != Vip), 0, 200_000).IsKnown);
    }

    /// <summary>By the console's clock: a row of a later moment is not known yet.</summary>
    [Theory]
    [InlineData(0, 120_000, 3)]
    [InlineData(0, 119_999, 2)]
    [InlineData(1_000, 120_000, 2)]
    [InlineData(1_000, 121_000, 3)]
    public void Read_AsOfAMoment(int offsetMs, long atMs, int expected)
    {
        var looks = LookupReader.Read(Subject(offsetMs, (110_000, Row(3, 2)), (120_000, Row(3, 3))), 0, atMs).Value!;

        Assert.Equal((3, expected), (looks.Established, looks.Waiting));
    }

    /// <summary>An answer before the moment since which it counts is the former pod's; what waits since before still waits.</summary>
    [Theory]
    [InlineData(110_000, 2)]
    [InlineData(110_001, 0)]
    public void Read_AnswersSinceAMoment(long sinceMs, int answered)
    {
        var looks = LookupReader.Read(Subject(0, (110_000, Row(5, 3, alive: 2)), (120_000, Row(5, 5))), sinceMs, 135_000).Value!;

        Assert.Equal((answered, 5), (looks.Answered, looks.Stuck));
        // From the answer on, which was not yet the end of the waiting.
        Assert.Equal(0, LookupReader.Read(Subject(0, (110_000, Row(5, 3, alive: 2))), sinceMs, 135_000).Value!.Stuck);
        Assert.Equal(3, LookupReader.Read(Subject(0, (110_000, Row(5, 3))), sinceMs, 135_000).Value!.Stuck);
    }

    /// <summary>A node that sends nothing any more has not looked since.</summary>
    [Theory]
    [InlineData(119_999, 0)]
    [InlineData(120_000, 3)]
    public void Read_UntilTheNodesLastFrame(long lastAtMs, int stuck) =>
        Assert.Equal(stuck, LookupReader.Read(Subject(0, lastAtMs, (110_000, Row(3, 3))), 0, 200_000).Value!.Stuck);

    [Fact]
    public void Read_OfTwoNodes_IsTheSum_AndTheLongerTime()
    {
        var record = Record(0, [(110_000, Row(9, 3, idle: 4, isChecked: 7))]);
        record = record with
        {
            Incidents = [.. record.Incidents, new IncidentRecord(2, [], [], [(150_000, Row(5, 1, idle: 1, alive: 2, isChecked: 4))])],
            Nodes = new Dictionary<int, NodeRecord>(record.Nodes) { [2] = NodeReaderTests.Node("node2") },
        };
        var looks = LookupReader.Read(SubjectRecords.Divide(NodeReaderTests.Window, record)[0], 0, 200_000).Value!;

        Assert.Equal((14, 4, 3, 2, 5, 3, 90), (looks.Established, looks.Waiting, looks.Stuck, looks.Answered, looks.Idle, looks.Cut, looks.Seconds));
    }

    /// <summary>Each moment at which a result ended: before the next row, and where fewer wait than before.</summary>
    [Fact]
    public void ChangesOf_EndsOfResults()
    {
        var record = Record(1_000, [(110_000, Row(3, 3)), (120_000, Row(0, 0))]);
        WatchedDetail waits = new(Backend, PathState.Dead, 0, 3, 0, 0, 0);
        record = record with { Incidents = [record.Incidents[0] with { Details = [(111_000, waits), (112_000, waits with { Answering = 1 }), (113_000, waits with { Waiting = 2 })] }] };

        Assert.Equal([110_999L, 120_999, 113_999], LookupReader.ChangesOf(SubjectRecords.Divide(NodeReaderTests.Window, record)[0]));
    }

    private static SubjectRecords Subject(int offsetMs, params (long AtMs, WatchedAddress Row)[] rows) => Subject(offsetMs, 200_000, rows);

    private static SubjectRecords Subject(int offsetMs, long lastAtMs, params (long AtMs, WatchedAddress Row)[] rows) =>
        SubjectRecords.Divide(NodeReaderTests.Window, Record(offsetMs, rows, lastAtMs))[0];

    private static AddressRecord Record(int offsetMs, (long AtMs, WatchedAddress Row)[] rows, long lastAtMs = 200_000) => new(
        Backend, [Group(Vip, 3)], rows.Length == 0 ? [] : [new IncidentRecord(1, [], [], rows)], new Dictionary<int, NodeRecord> { [1] = NodeReaderTests.Node("node1", offsetMs, lastAtMs) }, []);

    private static CapturedGroup Group(Ip vip, uint entries)
    {
        StateCounts counts = default;
        counts[(int)FlowState.Established] = entries;
        return new CapturedGroup(new GroupKey(Protocols.Tcp, vip, 80, Backend, 8080), [new CapturedSeries(1, default, counts)]);
    }

    private static WatchedAddress Row(uint entries, uint waiting, uint idle = 0, uint alive = 0, uint? isChecked = null) => new(Backend, entries, isChecked ?? entries, waiting, idle, alive);
}
