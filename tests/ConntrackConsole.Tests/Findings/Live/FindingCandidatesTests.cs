using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Findings;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Findings.Live;

/// <summary>Which addresses a round evaluates: what changed, for a while what follows from it, and never more than fit.</summary>
public sealed class FindingCandidatesTests
{
    private const long T0 = 1_795_400_000_000;
    private const int Many = FindingCandidates.MaxCandidates + 1_000;

    private static readonly AddressReport Kept = new([], [], true, new HashSet<Ip> { Ip.Parse(Objects.Vip) });

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(T0));
    private readonly ClusterState _cluster;
    private readonly TimelineStore _store;
    private readonly FindingCandidates _candidates;
    private ulong _sequence;

    public FindingCandidatesTests()
    {
        _cluster = new ClusterState(_clock);
        _store = new TimelineStore(_cluster, _clock);
        _candidates = new FindingCandidates(_cluster, _store);
        _cluster.Watching();
        _cluster.Apply([new ServiceChange(Objects.Service(), false), new PodChange(Objects.Pod("a", "10.1.0.5"), false), new SliceChange(Objects.Slice(), false)], listed: true);
        _cluster.Confirm(T0);
    }

    private long NowMs => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    [Fact]
    public void Candidate_IsDueWhileItSettles_AndThenNowAndThen()
    {
        Send(frame => frame.Resets.Add(Reset(Ip.Parse("10.1.0.5"))));
        int due = 0;
        var times = new List<long>();
        for (int second = 0; second < 60; second += 2)
        {
            if (Round() > 0)
                times.Add(second);
            _clock.Advance(TimeSpan.FromSeconds(2));
            due++;
        }

        Assert.Equal([0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 28, 38, 48, 58], times);
        Assert.Equal(30, due);
    }

    [Fact]
    public void Candidate_OfWhichTheOwnerChanged_IsDueAtOnce()
    {
        Send(frame => frame.Resets.Add(Reset(Ip.Parse("10.1.0.5"))));
        Round();
        _clock.Advance(TimeSpan.FromSeconds(22));
        Assert.Equal(1, Round());
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, Round());
        _cluster.Apply([new PodChange(Objects.Pod("a", "10.1.0.5"), true)]);
        Assert.Equal(1, Round());
    }

    /// <summary>A note at the Service's address may explain the reset of a backend.</summary>
    [Fact]
    public void NoteAtTheServicesAddress_MakesItsBackendsDue()
    {
        Send(frame => frame.Resets.Add(Reset(Ip.Parse("10.1.0.5"))));
        Round();
        _clock.Advance(TimeSpan.FromSeconds(22));
        Round();
        _clock.Advance(TimeSpan.FromSeconds(2));
        Send(frame => frame.Notes.Add(new FlowNote(frame.AtMs - 100, FlowNoteKind.Lost, LossCause.Timeout, Ip.Parse("10.1.9.9"), 40_000, Ip.Parse(Objects.Vip), 80, Ip.Parse("10.1.0.6"), 8080, 0)));
        Assert.Contains(Ip.Parse("10.1.0.5"), Due());
    }

    [Fact]
    public void Candidate_WithoutRecordsOrFindings_IsDropped()
    {
        Send(frame => frame.Resets.Add(Reset(Ip.Parse("10.1.0.5"))));
        Round(Kept with { HasRecords = false });
        Assert.Equal(0, _candidates.Count);
    }

    /// <summary>More addresses with new reports than fit: those without a change give way, and no more are evaluated than fit.</summary>
    [Fact]
    public void MoreThanFit_TheLatestChangesAreKept()
    {
        Send(frame => frame.Resets.AddRange(Addresses(0, 3_000).Select(Reset)));
        Assert.Equal(3_000, Round());
        _clock.Advance(TimeSpan.FromSeconds(30));
        Send(frame => frame.Resets.AddRange(Addresses(3_000, 3_000).Select(Reset)));
        var due = Due();
        Assert.Equal((FindingCandidates.MaxCandidates, 1_000), (_candidates.Count, _candidates.Dropped));
        Assert.Equal(3_000, due.Intersect(Addresses(3_000, 3_000)).Count());
    }

    /// <summary>More entries that lead astray than fit: each round evaluates the same ones, instead of displacing them by the others.</summary>
    [Fact]
    public void MoreAstrayThanFit_DoNotDisplaceEachOther()
    {
        // Pods outside of the Service: its entries lead to strangers.
        _cluster.Apply([.. Addresses(0, Many).Select((ip, i) => (ClusterChange)new PodChange(Objects.Pod($"pod{i}", ip.ToString()), false))]);
        for (int part = 0; part < Many; part += 2_000)
        {
            int from = part;
            Send(frame => frame.Groups.AddRange(Addresses(from, Math.Min(2_000, Many - from)).Select(ip => new GroupCounts(new GroupKey(Protocols.Tcp, Ip.Parse(Objects.Vip), 80, ip, 8080), Established(3)))));
        }

        var first = Due().ToHashSet();
        foreach (var ip in first)
            _candidates.Evaluated(ip, Kept, NowMs);
        Assert.Equal((FindingCandidates.MaxCandidates, 1_000), (first.Count, _candidates.Dropped));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Send(_ => { });
        Assert.True(first.SetEquals(Due()));
        Assert.Equal(1_000, _candidates.Dropped);
    }

    private List<Ip> Due() => _candidates.Due(NowMs);

    private int Round(AddressReport? report = null)
    {
        var due = Due();
        foreach (var ip in due)
            _candidates.Evaluated(ip, report ?? Kept, NowMs);
        return due.Count;
    }

    private void Send(Action<NodeFrame> add)
    {
        _sequence++;
        var frame = new NodeFrame { Sequence = _sequence, AtMs = NowMs + (long)_sequence, IsKey = _sequence <= 8, Counters = new Counters(0, 0, 0, 0, 100, 1_000) };
        add(frame);
        Assert.Null(_store.Apply($"node{_sequence % 8}", 1, frame).Rejection);
    }

    private static StateCounts Established(uint count)
    {
        StateCounts counts = default;
        counts[(int)FlowState.Established] = count;
        return counts;
    }

    private static IEnumerable<Ip> Addresses(int from, int count) => Enumerable.Range(from, count).Select(i => Ip.V4(0x0A020000u + (uint)i));

    private Reset Reset(Ip backend) =>
        new(NowMs - 100, ResetKind.FromBackend, Ip.Parse(Objects.Vip), 80, Ip.Parse("10.1.9.9"), 40_000, Ip.Parse(Objects.Vip), 80, backend, 8080, 0, false);
}
