using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

public class FlowTableTests
{
    private readonly FlowTable _table = new(new Grouping([Cidr.Parse("10.244.0.0/16")]));

    [Fact]
    public void Upsert_ChangeOfState_MovesTheCount()
    {
        _table.Upsert(Flows.Service(1000, FlowState.SynSent));
        _table.Upsert(Flows.Service(1000, FlowState.Established));

        var group = Assert.Single(Groups(all: true));
        Assert.Equal(1u, group.Counts.Total);
        Assert.Equal(1u, group.Counts[(int)FlowState.Established]);
    }

    [Fact]
    public void WriteGroups_ChangesOnly_WritesEachChangeOnceAndRemovedGroupsWithZeros()
    {
        _table.Upsert(Flows.Service(1000));
        _table.Upsert(Flows.Service(1001));
        Assert.Equal(2u, Assert.Single(Groups(all: false)).Counts.Total);
        Assert.Empty(Groups(all: false));

        _table.Remove(Flows.Service(1000));
        _table.Remove(Flows.Service(1001));

        Assert.Equal(0u, Assert.Single(Groups(all: false)).Counts.Total);
        Assert.Empty(Groups(all: true));
        Assert.Equal(0, _table.Count);
    }

    [Fact]
    public void Remove_EarlierFlowWithTheSameTuple_KeepsTheLater()
    {
        _table.Upsert(Flows.Service(1000, id: 2));

        Assert.False(_table.Remove(Flows.Service(1000, id: 1)));

        Assert.Equal(1, _table.Count);
    }

    [Fact]
    public void Upsert_SameTupleTowardsAnotherBackend_ReplacesTheFlow()
    {
        _table.Upsert(Flows.Service(1000, backend: "10.244.1.1"));
        _table.Upsert(Flows.Service(1000, backend: "10.244.1.2"));

        var group = Assert.Single(Groups(all: true));
        Assert.Equal("10.244.1.2", group.Key.Backend.ToString());
        Assert.Equal(1, _table.Count);
    }

    [Fact]
    public void EndResync_RemovesFlowsMissingInTheDump()
    {
        _table.Upsert(Flows.Service(1000));
        _table.Upsert(Flows.Service(1001));
        _table.BeginResync();
        _table.Confirm(Flows.Service(1001, FlowState.CloseWait));
        _table.Confirm(Flows.Service(1002));
        _table.EndResync();

        var counts = Assert.Single(Groups(all: true)).Counts;
        Assert.Equal(2u, counts.Total);
        Assert.Equal(1u, counts[(int)FlowState.CloseWait]);
        Assert.Equal(1, _table.Silent); // 1002 was only seen in a dump: it may never emit an event.
    }

    [Fact]
    public void Groups_ServiceDirectAndOther_AreDistinct()
    {
        _table.Upsert(Flows.Service(1000));
        _table.Upsert(Flows.Direct(1000, "10.244.1.1"));
        _table.Upsert(Flows.Direct(1001, "192.0.2.1"));

        var groups = Groups(all: true);

        Assert.Equal(3, groups.Count);
        Assert.Contains(groups, group => group.Key.IsOther);
        Assert.Contains(groups, group => group.Key.IsDirect && group.Key.Backend.ToString() == "10.244.1.1");
        Assert.Contains(groups, group => group.Key.Vip.ToString() == "10.96.0.1" && group.Key.Vport == 80 && group.Key.Bport == 8080);
    }

    [Fact]
    public void Groups_UntranslatedAtAServicesAddress_BelongToItOnceItIsKnown()
    {
        var vip = Ip.Parse("10.96.0.1");
        _table.Upsert(Flows.Service(1000) with { Status = FlowStatus.SeenReply | FlowStatus.Confirmed }); // only looks translated
        _table.Upsert(Flows.Direct(1001, "10.96.0.1") with { State = FlowState.SynSent }); // port 8080
        _table.Upsert(Flows.Direct(1002, "10.96.0.2"));
        Assert.True(Assert.Single(Groups(all: true)).Key.IsOther);

        _table.Regroup(new Grouping([]).With(new HashSet<ServiceAddress> { new(Protocols.Tcp, vip, 80), new(Protocols.Tcp, vip, 8080), new(Protocols.Udp, vip, 53) }));

        Assert.Equal(
            [GroupKey.Other, new GroupKey(Protocols.Tcp, vip, 80, vip, 80), new GroupKey(Protocols.Tcp, vip, 8080, vip, 8080)],
            Groups(all: true).Select(group => group.Key).OrderBy(key => key.Vport));
        Assert.True(_table.TryFindByOrig(Flows.Service(1000).Orig, out var flow) && !flow.IsTranslated);
    }

    [Fact]
    public void WriteGroups_FlowThatBeganAndEndedInBetween_IsNoChange()
    {
        _table.Upsert(Flows.Direct(1000, "192.0.2.1"));
        Assert.Single(Groups(all: false));

        _table.Upsert(Flows.Direct(1001, "192.0.2.1"));
        _table.Remove(Flows.Direct(1001, "192.0.2.1"));

        Assert.Empty(Groups(all: false));
    }

    [Fact]
    public void Counts_AfterManyRandomChanges_EqualARecount()
    {
        var random = new Random(8);
        var truth = new Dictionary<ushort, (FlowState State, string Backend)>();
        for (int step = 0; step < 20_000; step++)
        {
            ushort port = (ushort)random.Next(1, 500);
            if (random.Next(3) == 0)
            {
                if (truth.Remove(port, out var was))
                    Assert.True(_table.Remove(Flows.Service(port, was.State, backend: was.Backend)));
                continue;
            }

            var state = (FlowState)random.Next(1, 9);
            string backend = $"10.244.1.{random.Next(1, 6)}";
            truth[port] = (state, backend);
            _table.Upsert(Flows.Service(port, state, backend: backend));
        }

        var expected = truth.Values.GroupBy(flow => flow).Select(group => $"{group.Key.Backend} {group.Key.State} {group.Count()}").Order();
        var actual = Groups(all: true).SelectMany(group => Enumerable.Range(0, FlowStates.Count).Where(state => group.Counts[state] != 0)
            .Select(state => $"{group.Key.Backend} {(FlowState)state} {group.Counts[state]}")).Order();
        Assert.Equal(expected, actual);
        Assert.Equal(truth.Count, _table.Count);
    }

    [Fact]
    public void ZonesAndFamilies_AreDistinct()
    {
        var inZone = Flows.Service(1000) with { Zone = 7 };
        _table.Upsert(Flows.Service(1000));
        _table.Upsert(inZone);
        _table.Upsert(V6(1000));
        Assert.Equal(3, _table.Count);

        Assert.True(_table.TryFindByOrig(V6(1000).Orig, out var found));
        Assert.Equal(V6(1000).Reply, found.Reply);
        Assert.True(_table.TryFindByReply(V6(1000).Reply, out found));
        Assert.Equal(V6(1000).Orig, found.Orig);
        Assert.True(_table.Remove(inZone));
        Assert.True(_table.TryFindByOrig(Flows.Service(1000).Orig, out _));
        Assert.True(_table.Remove(V6(1000)));
        Assert.False(_table.TryFindByOrig(V6(1000).Orig, out _));
        Assert.Equal(1, _table.Count);
    }

    [Fact]
    public void EnumerateByBackend_AfterGroupsWereReused_ListsExactlyItsFlows()
    {
        for (ushort port = 1; port <= 600; port++)
            _table.Upsert(Flows.Service(port, backend: $"10.244.1.{(port % 3) + 1}", proto: port % 2 == 0 ? Protocols.Tcp : Protocols.Udp));
        for (ushort port = 3; port <= 600; port += 3)
            _table.Remove(Flows.Service(port, backend: "10.244.1.1", proto: port % 2 == 0 ? Protocols.Tcp : Protocols.Udp));
        Groups(all: false);
        _table.Confirm(Flows.Service(3, FlowState.CloseWait, backend: "10.244.1.1"));
        _table.Confirm(Flows.Direct(5, "10.244.1.1"));

        Assert.Equal([3, 5], Ports("10.244.1.1"));
        Assert.Equal(Enumerable.Range(1, 600).Where(port => port % 3 == 1), Ports("10.244.1.2"));
        Assert.Equal(Enumerable.Range(1, 600).Where(port => port % 3 == 2), Ports("10.244.1.3"));
        Assert.Empty(Ports("10.244.1.4"));

        IEnumerable<int> Ports(string backend)
        {
            var flows = new List<TrackedFlow>();
            _table.EnumerateByBackend([Ip.Parse(backend)], flows);
            Assert.All(flows, flow => Assert.Equal(backend, flow.Reply.Src.ToString()));
            return flows.Select(flow => (int)flow.Orig.Sport).Order();
        }
    }

    [Fact]
    public void Upsert_DumpedFlow_IsNoLongerSilent()
    {
        _table.Confirm(Flows.Service(1000));
        _table.Confirm(Flows.Service(1001));
        Assert.Equal(2, _table.Silent);

        _table.Upsert(Flows.Service(1000, FlowState.CloseWait));

        Assert.Equal(1, _table.Silent);
    }

    [Fact]
    public void Table_ManyFlows_FindsEachUntilItIsRemoved()
    {
        const int count = 120_000;
        var random = new Random(3);
        int[] order = [.. Enumerable.Range(0, count)];
        foreach (int index in order)
            _table.Confirm(Numbered(index));
        Assert.Equal(count, _table.Count);
        random.Shuffle(order);
        foreach (int index in order.AsSpan(0, count / 2))
            Assert.True(_table.Remove(Numbered(index)));
        for (int at = 0; at < count; at++)
        {
            var flow = Numbered(order[at]);
            Assert.Equal(at >= count / 2, _table.TryFindByOrig(flow.Orig, out _));
            Assert.Equal(at >= count / 2, _table.TryFindByReply(flow.Reply, out _));
        }

        Assert.Equal(count / 2, _table.Count);
    }

    [Fact]
    public void EventsAndDumps_WithReservedCapacity_AllocateNothing()
    {
        var flows = Enumerable.Range(0, 20_000).Select(Numbered).Concat(Enumerable.Range(1, 500).Select(port => V6((ushort)port)))
            .Concat(Enumerable.Range(1, 500).Select(port => Flows.Direct((ushort)port, "192.0.2.1"))).ToArray();
        Round();

        long before = GC.GetAllocatedBytesForCurrentThread();
        Round();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);

        void Round()
        {
            _table.BeginResync();
            foreach (ref readonly var flow in flows.AsSpan())
                _table.Confirm(in flow);
            _table.EndResync();
            foreach (ref readonly var flow in flows.AsSpan())
                _table.Remove(in flow);
            foreach (ref readonly var flow in flows.AsSpan())
                _table.Upsert(in flow);
        }
    }

    [Fact]
    public void Bytes_OfManyFlowsOfServices_StayBelow39AFlow()
    {
        const int count = 200_000;
        for (int index = 0; index < count; index++)
            _table.Upsert(Numbered(index));

        Assert.InRange(_table.Bytes / (double)count, 28, 39);
    }

    [Fact]
    public void Bytes_OfManyMasqueradedFlows_StayBelow68AFlow()
    {
        const int count = 200_000;
        for (int index = 0; index < count; index++)
        {
            var flow = Numbered(index);
            _table.Confirm(flow with { Reply = flow.Reply with { Dst = Ip.Parse("192.0.2.9") } });
        }

        Assert.InRange(_table.Bytes / (double)count, 48, 68);
    }

    private static Flow Numbered(int index) => Flows.Service((ushort)(index % 60_000), id: (uint)index, backend: "10.244.1.1") with
    {
        Orig = new FlowTuple(Ip.V4(0x0A010000u + (uint)(index / 60_000)), Flows.Vip, Protocols.Tcp, (ushort)(index % 60_000), 80),
        Reply = new FlowTuple(Ip.V4(0x0AF40101), Ip.V4(0x0A010000u + (uint)(index / 60_000)), Protocols.Tcp, 8080, (ushort)(index % 60_000)),
    };

    private static Flow V6(ushort port) => Flows.Service(port) with
    {
        Orig = new FlowTuple(Ip.Parse("fd00::1"), Ip.Parse("fd00:96::1"), Protocols.Tcp, port, 80),
        Reply = new FlowTuple(Ip.Parse("fd00:244::1"), Ip.Parse("fd00::1"), Protocols.Tcp, 8080, port),
    };

    private List<GroupCounts> Groups(bool all)
    {
        var groups = new List<GroupCounts>();
        _table.WriteGroups(groups, all);
        return groups;
    }
}
