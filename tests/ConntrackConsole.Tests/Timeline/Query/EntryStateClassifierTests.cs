using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Timeline.Query;

/// <summary>Every case is classified twice: now, from the map, and as of its moment, from the history. Both must agree.</summary>
public class EntryStateClassifierTests
{
    private static readonly PodInfo A = Pod("a", "10.1.0.5");
    private static readonly PodInfo B = Pod("b", "10.1.0.5", createdMs: 3_000);
    private static readonly ClusterChange Up = new NodeChange(Node("node1", "192.168.0.1"), false);
    private static readonly ClusterChange Down = new NodeChange(Node("node1", "192.168.0.1", reachable: false), false);
    private static readonly ClusterChange Svc = new ServiceChange(Service(), false);
    private static readonly SliceEndpoint NotReady = new(A.Ips, false, false, false, "a", "node1");
    private static readonly SliceEndpoint NotServing = new(A.Ips, false, false, true, "a", "node1");
    private static readonly SliceEndpoint HandMade = new(A.Ips, true, true, false, null, null);
    private static readonly GroupKey OwnAddress = Group with { Backend = Group.Vip, Bport = Group.Vport };
    private static readonly GroupKey Direct = Key("10.1.0.5", null);

    private static readonly Dictionary<string, (EntryState Wanted, GroupKey Key, ClusterChange[] Changes)> Cases = new()
    {
        ["at the Service's own address"] = (EntryState.Untranslated, OwnAddress, [Up, Svc, Is(A), Endpoints(Ready(A))]),
        ["at the Service's own address, no endpoint left"] = (EntryState.Untranslated, OwnAddress, [Up, Svc, Endpoints()]),
        ["live and listed"] = (EntryState.Active, Group, [Up, Svc, Is(A), Endpoints(Ready(A))]),
        ["live, fails its readiness, still listed"] = (EntryState.Active, Group, [Up, Svc, Is(A), Endpoints(Ready(A)), Endpoints(NotReady)]),
        ["live, straight to the pod"] = (EntryState.Active, Direct, [Up, Is(A)]),
        ["live, no Service has the address"] = (EntryState.Active, Group, [Up, Is(A)]),
        ["live, no slice is known at all"] = (EntryState.Active, Group, [Up, Svc, Is(A)]),
        ["live, named by a manual slice"] = (EntryState.Active, Group, [Up, Svc, Is(A), Endpoints(HandMade)]),
        ["live, its endpoint left the slices"] = (EntryState.Stale, Group, [Up, Svc, Is(A), Endpoints(Ready(A)), Endpoints()]),
        ["terminating and serving"] = (EntryState.Draining, Group, [Up, Svc, Is(A), Endpoints(Ready(A)), Is(A.Terminating(2_000)), Endpoints(Draining(A))]),
        ["terminating, slices not yet listed"] = (EntryState.Draining, Group, [Up, Svc, Is(A), Endpoints(Ready(A)), Is(A.Terminating(2_000))]),
        ["terminating, fails its readiness, still listed"] = (EntryState.Draining, Group, [Up, Svc, Is(A), Endpoints(Ready(A)), Is(A.Terminating(2_000)), Endpoints(NotServing)]),
        ["terminating, endpoint left"] = (EntryState.Stale, Group, [Up, Svc, Is(A), Endpoints(Ready(A)), Is(A.Terminating(2_000)), Endpoints()]),
        ["terminating, straight to the pod"] = (EntryState.Draining, Direct, [Up, Is(A), Is(A.Terminating(2_000))]),
        ["containers ended, object still there"] = (EntryState.Stale, Group, [Up, Svc, Is(A), Endpoints(Ready(A)), Is(A with { ContainersEnded = true, Phase = "Failed" })]),
        ["gone, still listed for some milliseconds"] = (EntryState.Stale, Group, [Up, Svc, Is(A), Endpoints(Ready(A)), Gone(A)]),
        ["gone"] = (EntryState.Stale, Group, [Up, Svc, Is(A), Endpoints(Ready(A)), Endpoints(), Gone(A)]),
        ["gone, straight to the pod"] = (EntryState.Stale, Direct, [Up, Is(A), Gone(A)]),
        ["gone, its Service too"] = (EntryState.Stale, Group, [Up, Svc, Is(A), Endpoints(Ready(A)), Gone(A), Endpoints(), new ServiceChange(Service(), true)]),
        ["gone, the address now in a manual slice"] = (EntryState.Active, Group, [Up, Svc, Is(A), Endpoints(Ready(A)), Gone(A), Endpoints(HandMade)]),
        ["node lost, endpoint not serving"] = (EntryState.Stale, Group, [Up, Svc, Is(A), Endpoints(Ready(A)), Down, Endpoints(NotReady)]),
        ["node lost, endpoint still serves"] = (EntryState.Active, Group, [Up, Svc, Is(A), Endpoints(Ready(A)), Down]),
        ["node lost and heard again"] = (EntryState.Active, Group, [Up, Svc, Is(A), Endpoints(Ready(A)), Down, Endpoints(NotReady), Up, Endpoints(Ready(A))]),
        ["another pod took the address, outside the Service"] = (EntryState.Reassigned, Group, [Up, Svc, Is(A), Endpoints(Ready(A)), Endpoints(), Gone(A), Is(B)]),
        ["another pod took the address, the endpoint names the old one"] = (EntryState.Reassigned, Group, [Up, Svc, Is(A), Endpoints(Ready(A)), Gone(A), Is(B)]),
        ["another pod of the same Service took the address"] = (EntryState.Active, Group, [Up, Svc, Is(A), Endpoints(Ready(A)), Endpoints(), Gone(A), Is(B), Endpoints(Ready(B))]),
        ["another pod took the address and terminates"] = (EntryState.Reassigned, Group, [Up, Svc, Is(A), Endpoints(Ready(A)), Endpoints(), Gone(A), Is(B), Is(B.Terminating(4_000))]),
        ["a SYN to a dead address that a pod outside the Service answers"] = (EntryState.Reassigned, Group, [Up, Svc, Endpoints(Ready(Pod("z", "10.1.0.99"))), Is(B)]),
        ["two pods name the address for a moment"] = (EntryState.Active, Group, [Up, Svc, Is(A.Terminating(2_000)), Is(B), Endpoints(Ready(B))]),
        ["a node's process, listed"] = (EntryState.Active, OnNode, [Up, Svc, Endpoints(Host(true))]),
        ["a node's process that terminates"] = (EntryState.Draining, OnNode, [Up, Svc, Endpoints(Host(true)), Endpoints(Host(true) with { Terminating = true, Ready = false })]),
        ["a node's process that left the slices"] = (EntryState.Stale, OnNode, [Up, Svc, Endpoints(Host(true)), Endpoints()]),
        ["a node's process that never was a backend"] = (EntryState.Unknown, OnNode, [Up, Svc, Endpoints(Ready(A))]),
        ["never a pod's, in a manual slice"] = (EntryState.Active, Group, [Up, Svc, Endpoints(HandMade)]),
        ["never a pod's, nowhere named"] = (EntryState.Unknown, Group, [Up, Svc, Endpoints(Ready(Pod("z", "10.1.0.99")))]),
        ["never a pod's, straight to it"] = (EntryState.Unknown, Direct, [Up]),
        ["UDP to the VIP itself, made while rules were absent"] = (EntryState.Stale, new GroupKey(Protocols.Udp, default, 0, Ip.Parse(Vip), 53), [Up, Svc]),
        ["TCP to the VIP itself"] = (EntryState.Unknown, new GroupKey(Protocols.Tcp, default, 0, Ip.Parse(Vip), 80), [Up, Svc]),
        ["all the rest"] = (EntryState.Unknown, GroupKey.Other, [Up, Svc, Is(A), Endpoints(Ready(A))]),
        ["by NodePort, gone"] = (EntryState.Stale, Group with { Vip = Ip.Parse("192.168.0.1"), Vport = 30080 }, [Up, Svc, Is(A), Endpoints(Ready(A)), Endpoints(), Gone(A)]),
        ["by NodePort, live and left"] = (EntryState.Stale, Group with { Vip = Ip.Parse("192.168.0.1"), Vport = 30080 }, [Up, Svc, Is(A), Endpoints(Ready(A)), Endpoints()]),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Entry_EveryCase_IsSameFromMapAndHistory(string name)
    {
        var (wanted, key, changes) = Cases[name];
        var (map, history) = Play(changes);
        Assert.Equal(wanted, EntryStateClassifier.Of(map, key, history));
        Assert.Equal(wanted, EntryStateClassifier.At(history, key, 90_000));
    }

    [Theory]
    [InlineData(FlowState.FinWait)]
    [InlineData(FlowState.CloseWait)]
    [InlineData(FlowState.LastAck)]
    [InlineData(FlowState.TimeWait)]
    [InlineData(FlowState.Close)]
    public void Entry_Closing_IsClosing_ForAnyOwner(FlowState state)
    {
        var (map, history) = Play(Cases["gone"].Changes);
        Assert.Equal(EntryState.Closing, EntryStateClassifier.Of(map, history, Group, state));
    }

    [Theory]
    [InlineData(FlowState.SynSent)]
    [InlineData(FlowState.SynRecv)]
    [InlineData(FlowState.SynSent2)]
    [InlineData(FlowState.Established)]
    [InlineData(FlowState.Unreplied)]
    [InlineData(FlowState.Replied)]
    [InlineData(FlowState.Assured)]
    public void Entry_Live_IsStaleWithoutAddressOwner(FlowState state)
    {
        var (map, history) = Play(Cases["gone"].Changes);
        Assert.Equal(EntryState.Stale, EntryStateClassifier.Of(map, history, Group, state));
    }

    [Fact]
    public void Entry_PodIsClient_IsNotItsStaleEntry()
    {
        var other = Pod("c", "10.1.0.8");
        var (map, history) = Play(Up, Svc, Is(A), Is(other), Endpoints(Ready(other)), Gone(A));
        Assert.Equal(EntryState.Active, EntryStateClassifier.Of(map, Key("10.1.0.8"), history));
    }

    [Fact]
    public void Entry_WithoutHistory_PodOutsideServiceCountsAsRemoved()
    {
        var map = Map(Up, Svc, Is(A), Endpoints(Ready(Pod("z", "10.1.0.99"))));
        Assert.Equal(EntryState.Stale, EntryStateClassifier.Of(map, Group));
        Assert.Equal(EntryState.Reassigned, EntryStateClassifier.Of(Map(Up, Svc, Is(A), Endpoints(Ready(A)), Endpoints(), Gone(A), Is(B)), Group));
    }

    [Fact]
    public void Within_DeletedPod_HasEachStateAtItsTime()
    {
        var (_, history) = Play(Up, Svc, Is(A), Endpoints(Ready(A)), Is(A.Terminating(2_000)), Endpoints(Draining(A)), Endpoints(), Gone(A), Is(B));
        // Ten seconds per change, the first at 10,000: the time before was not observed.
        Assert.Equal(
            [(30_500, EntryState.Reassigned), (40_000, EntryState.Active), (50_000, EntryState.Draining), (70_000, EntryState.Stale), (90_000, EntryState.Reassigned)],
            StateHistory.Within(history, Group, 30_500, 200_000).Select(s => ((int)s.AtMs, s.State)));
    }

    /// <summary>Applies one change every ten seconds, as they arrive after the first list.</summary>
    internal static (ClusterMap Map, OwnershipHistory History) Play(params ClusterChange[] changes)
    {
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(0));
        var cluster = new ClusterState(clock);
        cluster.Confirm(0);
        foreach (var change in changes)
        {
            clock.Advance(TimeSpan.FromSeconds(10));
            cluster.Apply([change]);
        }

        return (cluster.Current, cluster.History);
    }

    private static GroupKey OnNode => Key("192.168.0.1");

    private static SliceEndpoint Host(bool ready) => new([Ip.Parse("192.168.0.1")], ready, ready, false, "agent", "node1");

    private static PodChange Is(PodInfo pod) => new(pod, false);

    private static PodChange Gone(PodInfo pod) => new(pod, true);

    private static SliceChange Endpoints(params SliceEndpoint[] endpoints) => new(Slice(endpoints), false);
}
