using System.Net;
using System.Net.Sockets;
using ConntrackConsole.Collector.Observation;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Collector.Observation.Resets;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Resets;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation.Addresses;

/// <summary>Connections that use an unanswered entry one after another.</summary>
public class EndedAttemptsTests
{
    private readonly FlowTable _flows = new(new Grouping([]));
    private readonly EndedAttempts _attempts = new();

    [Fact]
    public void Reused_OnlyFromTheSecondAttemptOn_AndForAWhile()
    {
        _flows.Upsert(Syn(1000));
        Add(0, 1000);
        Assert.Empty(_attempts.Reused(0));

        Add(5_000, 1000, 1001);
        Assert.Equal([Syn(1000).Reply.Src], _attempts.Reused(25_000));
        Assert.Empty(_attempts.Reused(25_001));
    }

    [Theory]
    [InlineData(FlowState.SynRecv)]
    [InlineData(FlowState.Established)]
    public void Reused_AnEntryThatWasAnswered_IsNone(FlowState state)
    {
        _flows.Upsert(Syn(1000));
        Add(0, 1000);
        Add(1_000, 1000);
        _flows.Upsert(Syn(1000) with { State = state });
        Add(2_000, 1000);

        Assert.Empty(_attempts.Reused(2_000));
    }

    [Fact]
    public void Reused_TheNextEntryOfTheSamePorts_CountsFromTheBeginning()
    {
        _flows.Upsert(Syn(1000));
        Add(0, 1000);
        _flows.Remove(Syn(1000));
        _attempts.OnDestroy(Syn(1000));
        _flows.Upsert(Syn(1000) with { Id = 2 });
        Add(1_000, 1000);

        Assert.Empty(_attempts.Reused(1_000));
    }

    [Fact]
    public void Add_MoreEntriesThanFit_CountsWhatItLeavesOut()
    {
        ushort[] ports = [.. Enumerable.Range(1_000, EndedAttempts.MaxEntries + 3).Select(port => (ushort)port)];
        foreach (ushort port in ports)
            _flows.Upsert(Syn(port));
        Add(0, ports);

        Assert.Equal(3u, _attempts.TakeLeftOut());
        Assert.Equal(0u, _attempts.TakeLeftOut());
        // Of what is known it counts on.
        Add(1_000, ports[0]);
        Assert.Equal((0u, 1), (_attempts.TakeLeftOut(), _attempts.Reused(1_000).Count()));
    }

    /// <summary>Real SYNs to a backend that does not answer: the kernel renews no entry and sends no event.</summary>
    [Fact]
    public void Frames_AClientThatUsesAnUnansweredEntryAgain_HaveAReusedEntry()
    {
        using var nodes = new TwoNodes();
        var client = nodes.PodAddress(TwoNodes.PodA);
        // No pod has it: the other node's route to it leads nowhere.
        var backend = nodes.Address(2, 77);
        nodes.Inside(TwoNodes.B, $"route add blackhole {backend}");
        new ServiceRules(nodes, Flows.Vip, 80).To(backend, 8080);
        using var stop = new CancellationTokenSource();
        uint most = 0, mostBefore = 0;
        int attempts = 0;
        Exception? failure = null;
        var thread = nodes.Start(TwoNodes.A, () =>
        {
            try
            {
                using var resets = ResetSource.TryOpen(ResetChoice.Trace, out _);
                var observer = new NodeObserver(new Grouping([]), TimeProvider.System, resets, () => null);
                observer.AddressWatcher.Watch([backend.ToString()]);
                observer.Run(
                    frame =>
                    {
                        uint reused = frame.WatchedDetails.Where(row => row.PodIp == backend).Select(row => row.SynReused).DefaultIfEmpty().Max();
                        most = Math.Max(most, reused);
                        if (Volatile.Read(ref attempts) < 2)
                            mostBefore = Math.Max(mostBefore, reused);
                    },
                    stop.Token);
            }
            catch (Exception caught)
            {
                failure = caught;
            }
        });

        for (; attempts < 3; Interlocked.Increment(ref attempts))
            nodes.Inside(TwoNodes.PodA, () => Attempt(client.ToIPAddress(), new IPEndPoint(Flows.Vip.ToIPAddress(), 80)));
        Eventually.True(() => Volatile.Read(ref most) > 0 || failure is not null);
        stop.Cancel();
        thread.Join();

        Assert.Null(failure);
        Assert.Equal((1u, 0u), (most, mostBefore));
    }

    private static bool Attempt(IPAddress client, IPEndPoint target)
    {
        bool? isConnected = null;
        Eventually.True(() => (isConnected = TryConnect(client, target)) is not null);
        return isConnected!.Value;
    }

    // Null: the socket of the former attempt has not ended yet, and has the port.
    private static bool? TryConnect(IPAddress client, IPEndPoint target)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        try
        {
            socket.Bind(new IPEndPoint(client, 40_000));
            return socket.ConnectAsync(target).Wait(1_500);
        }
        catch (AggregateException failure) when (failure.InnerException is SocketException { SocketErrorCode: SocketError.AddressNotAvailable })
        {
            return null;
        }
    }

    private static Flow Syn(ushort port) => Flows.Service(port) with { State = FlowState.SynSent };

    private void Add(long nowMs, params ushort[] ports) =>
        _attempts.Add([.. ports.Select(port => new AttemptRecord(nowMs, Flows.Client, port, Flows.Vip, 80))], _flows, nowMs);
}
