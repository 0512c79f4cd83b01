using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

/// <summary>Most rows do not contain the reply: whatever a flow looks like, it must be found and returned as the kernel reported it.</summary>
public class FlowTableShapeTests
{
    private static readonly byte[] Protos = [Protocols.Tcp, Protocols.Udp, Protocols.Icmp, Protocols.Sctp, 47];

    private readonly FlowTable _table = new(new Grouping([Cidr.Parse("10.244.0.0/16")]));

    [Fact]
    public void Flows_OfEveryShape_AreReturnedAsReported()
    {
        var random = new Random(17);
        var truth = new Dictionary<(FlowTuple, ushort), Flow>();
        for (int step = 0; step < 60_000; step++)
        {
            var flow = Any(random);
            var key = (flow.Orig, flow.Zone);
            switch (random.Next(8))
            {
                case 0 when truth.Count > 0:
                    var gone = truth.ElementAt(random.Next(Math.Min(truth.Count, 50))).Value;
                    Assert.True(_table.Remove(in gone));
                    truth.Remove((gone.Orig, gone.Zone));
                    break;
                case 1:
                    _table.Confirm(in flow);
                    truth[key] = flow;
                    break;
                default:
                    _table.Upsert(in flow);
                    truth[key] = flow;
                    break;
            }

            if (step % 20_000 == 10_000)
                _table.Regroup(new Grouping([Cidr.Parse("10.244.0.0/16")], new HashSet<ServiceAddress> { new(Protocols.Tcp, Flows.Vip, (ushort)(80 + (step / 20_000))) }));
            if (step % 5_000 == 0)
                _table.WriteGroups([], all: false); // frees the numbers of empty groups
        }

        Check(truth.Values);
    }

    [Fact]
    public void EndResync_OfEveryShape_KeepsWhatTheDumpContained()
    {
        var random = new Random(5);
        var all = new Dictionary<(FlowTuple, ushort), Flow>();
        for (int count = 0; count < 20_000; count++)
        {
            var flow = Any(random);
            all[(flow.Orig, flow.Zone)] = flow;
        }

        foreach (var flow in all.Values)
            _table.Upsert(in flow);
        var kept = all.Values.Where(_ => random.Next(2) == 0).ToList();
        _table.BeginResync(); // interrupted
        _table.BeginResync();
        foreach (var flow in kept)
            _table.Confirm(in flow);
        _table.EndResync();

        Check(kept);
    }

    [Fact]
    public void TryFindByReply_BackendOfSeveralServices_FindsEachFlowByItsReply()
    {
        var client = Ip.Parse("10.1.0.1");
        var backend = Ip.Parse("10.244.1.1");
        for (ushort service = 1; service <= 40; service++)
        {
            var orig = new FlowTuple(client, Ip.V4(0x0A600000u + service), Protocols.Tcp, service, 80);
            _table.Upsert(new Flow
            {
                Orig = orig, Reply = new FlowTuple(backend, client, Protocols.Tcp, 8080, service),
                Status = FlowStatus.DestinationNat, State = FlowState.Established, Id = service,
            });
        }

        for (ushort service = 1; service <= 40; service++)
        {
            Assert.True(_table.TryFindByReply(new FlowTuple(backend, client, Protocols.Tcp, 8080, service), out var found));
            Assert.Equal(Ip.V4(0x0A600000u + service), found.Orig.Dst);
        }

        Assert.False(_table.TryFindByReply(new FlowTuple(backend, client, Protocols.Tcp, 8081, 7), out _));
    }

    private void Check(IReadOnlyCollection<Flow> truth)
    {
        Assert.Equal(truth.Count, _table.Count);
        foreach (var flow in truth)
        {
            if (flow.Zone == 0)
            {
                Assert.True(_table.TryFindByOrig(flow.Orig, out var byOrig));
                Assert.Equal((flow.Orig, flow.Reply, flow.State, flow.OnlyLooksTranslated), (byOrig.Orig, byOrig.Reply, byOrig.State, byOrig.OnlyLooksTranslated));
            }

            if (flow.Orig.Proto == Protocols.Tcp)
            {
                Assert.True(_table.TryFindByReply(flow.Reply, out var byReply));
                Assert.Equal(flow.Reply, byReply.Reply);
            }
        }

        var groups = new List<GroupCounts>();
        _table.WriteGroups(groups, all: true);
        Assert.Equal(truth.Count, groups.Sum(group => group.Counts.Total));
        var tracked = truth.Select(one => new TrackedFlow(one.Orig, one.Reply, one.Zone, one.Id, one.State)).ToHashSet();
        foreach (var backend in groups.Where(group => !group.Key.IsOther).GroupBy(group => group.Key.Backend))
        {
            var listed = new List<TrackedFlow>();
            _table.EnumerateByBackend([backend.Key], listed);
            Assert.Equal(backend.Sum(group => group.Counts.Total), listed.Count);
            Assert.All(listed, flow => Assert.Contains(flow, tracked));
        }
    }

    private static Flow Any(Random random)
    {
        byte proto = Protos[random.Next(Protos.Length)];
        bool v6 = random.Next(5) == 0;
        var client = v6 ? Ip.Parse($"fd00::{random.Next(1, 40):x}") : Ip.V4(0x0A010000u + (uint)random.Next(40));
        var node = v6 ? Ip.Parse("fd00::ffff") : Ip.Parse("192.0.2.9");
        var backend = v6 ? Ip.Parse($"fd00:244::{random.Next(1, 9):x}") : Ip.V4(0x0AF40101u + (uint)random.Next(8));
        var vip = v6 ? Ip.Parse($"fd00:96::{random.Next(1, 5):x}") : Ip.V4(0x0A600001u + (uint)random.Next(4));
        ushort sport = (ushort)random.Next(1, 60);
        ushort dport = (ushort)random.Next(80, 84);
        var target = random.Next(3) switch { 0 => backend, 1 => node, _ => vip };
        var orig = new FlowTuple(client, target, proto, sport, dport);
        var reply = orig.Inverted();
        if (target == vip && random.Next(4) != 0)
            reply = new FlowTuple(backend, client, proto, (ushort)random.Next(8080, 8083), sport);
        if (random.Next(4) == 0) // The source is translated, too.
            reply = reply with { Dst = node, Dport = (ushort)random.Next(1, 60_000) };
        uint id = (uint)random.Next(3); // Whether an entry is translated never changes.
        return new Flow
        {
            Orig = orig, Reply = reply, State = (FlowState)random.Next(1, 9), Id = id, TimeoutSeconds = 300,
            Status = FlowStatus.Confirmed | (id == 0 ? 0 : FlowStatus.DestinationNat), Zone = (ushort)(random.Next(6) == 0 ? 3 : 0),
        };
    }
}
