using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using ConntrackConsole.Collector.Observation;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Collector.Observation.Resets;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Resets;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

/// <summary>The time between the events of a SYN and of its answer.</summary>
public class LateAnswerTests
{
    private readonly FlowTable _table = new(new Grouping([]));

    [Fact]
    public void Answer_AfterARepeatedSyn_IsLate()
    {
        _table.Upsert(Syn(1000));
        _table.Upsert(Syn(1001));
        _table.Upsert(Syn(1001) with { State = FlowState.SynRecv });
        Thread.Sleep(1_000);
        _table.Upsert(Syn(1000)); // A change of its mark is no second SYN.
        _table.Upsert(Syn(1000) with { State = FlowState.SynRecv });

        var late = Assert.Single(Take());
        Assert.Equal((1000, Flows.Service(1000).Orig.Dst, Flows.Service(1000).Reply.Src), (late.Sport, late.Vip, late.Backend));
        Assert.InRange(late.WaitedMs, 900u, 5_000u);
        Assert.InRange(late.AtMs, 1_000_000 - 1_000, 1_000_000);
        Assert.Empty(Take());
    }

    [Fact]
    public void Answer_OfASynFromADump_IsUnknown()
    {
        _table.BeginResync();
        _table.Confirm(Syn(1000));
        _table.EndResync();
        Thread.Sleep(1_000);
        _table.Upsert(Syn(1000) with { State = FlowState.Established });

        Assert.Empty(Take());
    }

    /// <summary>The kernel dropped the first SYN before it had an entry: the second one is answered at once.</summary>
    [Fact]
    public void Answer_OfARepeatedSynWithANewEntry_IsLate_Once()
    {
        _table.Upsert(Syn(1000));
        _table.Upsert(Syn(1000) with { State = FlowState.SynRecv });
        _table.Upsert(Syn(1001));
        List<AttemptRecord> repeated = [Repeated(1000, 999_900), Repeated(1001, 999_900), Repeated(1002, 990_000)];
        _table.NoteRepeatedSyns(repeated, 1_000_000);

        var late = Assert.Single(Take());
        Assert.Equal((1000, 1_000u), (late.Sport, late.WaitedMs));
        Assert.Equal([Repeated(1001, 999_900)], repeated); // Not answered yet.

        repeated.Add(Repeated(1000, 999_950));
        _table.NoteRepeatedSyns(repeated, 1_000_500);
        Assert.Empty(Take());
    }

    [Fact]
    public void Answer_OfARepeatedSynThatWaited_IsLate_Once()
    {
        _table.Upsert(Syn(1000));
        Thread.Sleep(1_000);
        _table.Upsert(Syn(1000) with { State = FlowState.SynRecv });
        List<AttemptRecord> repeated = [Repeated(1000, 999_900)];
        _table.NoteRepeatedSyns(repeated, 1_000_000);

        Assert.Single(Take());
    }

    /// <summary>A real SYN that the node drops after its translation: conntrack has an entry of the second one only, which is answered at once.</summary>
    [Fact]
    public async Task Frames_AfterASynThatWasDroppedWithoutAnEntry_HaveALateAnswer()
    {
        using var nodes = new TwoNodes();
        var backend = nodes.PodAddress(TwoNodes.PodB);
        new ServiceRules(nodes, Flows.Vip, 80).To(backend, 8080);
        using var server = nodes.Inside(TwoNodes.PodB, () =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(backend.ToIPAddress(), 8080));
            socket.Listen();
            return socket;
        });
        using var stop = new CancellationTokenSource();
        var late = new ConcurrentQueue<LateAnswer>();
        using var ready = new ManualResetEventSlim();
        Exception? failure = null;
        var thread = nodes.Start(TwoNodes.A, () =>
        {
            try
            {
                using var resets = ResetSource.TryOpen(ResetChoice.Trace, out _);
                new NodeObserver(new Grouping([]), TimeProvider.System, resets, () => null).Run(
                    frame =>
                    {
                        frame.LateAnswers.ForEach(late.Enqueue);
                        ready.Set();
                    },
                    stop.Token);
            }
            catch (Exception caught)
            {
                failure = caught;
            }
        });
        Assert.True(ready.Wait(30_000, TestContext.Current.CancellationToken));

        nodes.Inside(TwoNodes.A, $"route add blackhole {backend}");
        using var client = nodes.Inside(TwoNodes.PodA, () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        var connecting = client.ConnectAsync(new IPEndPoint(Flows.Vip.ToIPAddress(), 80), TestContext.Current.CancellationToken).AsTask();
        await Task.Delay(300, TestContext.Current.CancellationToken);
        nodes.Inside(TwoNodes.A, $"route del blackhole {backend}");
        await connecting.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Eventually.True(() => !late.IsEmpty || failure is not null);
        await stop.CancelAsync();
        thread.Join();

        Assert.Null(failure);
        var answer = Assert.Single(late);
        Assert.Equal((((IPEndPoint)client.LocalEndPoint!).Port, Flows.Vip, backend), (answer.Sport, answer.Vip, answer.Backend));
    }

    private static AttemptRecord Repeated(ushort port, long atMs) => new(atMs, Flows.Client, port, Flows.Vip, 80);

    [Fact]
    public void Answer_OfMoreConnectionsThanAFrameHas_IsCounted()
    {
        for (ushort port = 1; port <= NodeFrameCodec.MaxLateAnswers + 3; port++)
            _table.Upsert(Syn(port));
        Thread.Sleep(1_000);
        for (ushort port = 1; port <= NodeFrameCodec.MaxLateAnswers + 3; port++)
            _table.Upsert(Syn(port) with { State = FlowState.SynRecv });
        var late = new List<LateAnswer>();

        Assert.Equal(3u, _table.WriteLateAnswers(late, 1_000_000));
        Assert.Equal(NodeFrameCodec.MaxLateAnswers, late.Count);
        Assert.Equal(0u, _table.WriteLateAnswers(late, 1_000_000));
    }

    private static Flow Syn(ushort port) => Flows.Service(port) with { State = FlowState.SynSent };

    private List<LateAnswer> Take()
    {
        var late = new List<LateAnswer>();
        _table.WriteLateAnswers(late, 1_000_000);
        return late;
    }
}
