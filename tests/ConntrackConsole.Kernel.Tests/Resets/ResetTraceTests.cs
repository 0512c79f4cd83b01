using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Resets;
using ConntrackConsole.Kernel.Routes;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Resets;

/// <summary>Real resets between two nodes; each node has its own trace, like two collectors on one machine.</summary>
public sealed class ResetTraceTests : IDisposable
{
    private readonly TwoNodes _nodes = new();
    private readonly Collector _a;
    private readonly Collector _b;

    public ResetTraceTests()
    {
        _a = _nodes.Inside(TwoNodes.A, () => new Collector());
        _b = _nodes.Inside(TwoNodes.B, () => new Collector());
    }

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
        _nodes.Dispose();
    }

    [Fact]
    public void RefusedConnect_OverTwoNodes_IsSentByTheServersNodeOnly()
    {
        var server = _nodes.PodAddress(TwoNodes.PodB);
        var error = _nodes.Inside(TwoNodes.PodA, () =>
        {
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            return Record.Exception(() => client.Connect(new IPEndPoint(server.ToIPAddress(), 81)));
        });
        Assert.Equal(SocketError.ConnectionRefused, Assert.IsType<SocketException>(error).SocketErrorCode);

        var sent = Assert.Single(_b.Sent(1));
        Assert.Equal((server, (ushort)81, _nodes.PodAddress(TwoNodes.PodA)), (sent.Src, sent.Sport, sent.Dst));
        Assert.Equal("NO_SOCKET", _b.Trace.ReasonName(sent.Reason));
        Assert.Equal(TcpState.Unknown, sent.State);
        var received = Assert.Single(_a.Received(1));
        Assert.Equal((sent.Src, sent.Sport, sent.Dst, sent.Dport), (received.Src, received.Sport, received.Dst, received.Dport));
        AssertNothingElse();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ClientAbort_OverTwoNodes_IsSentByTheClientsNodeOnly(bool v6)
    {
        var (client, accepted) = Connect(TwoNodes.PodA, TwoNodes.PodB, v6);
        long before = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        client.LingerState = new LingerOption(true, 0);
        client.Dispose();
        long after = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

        var sent = Assert.Single(_a.Sent(1));
        Assert.Equal(Address(TwoNodes.PodA, v6), sent.Src);
        Assert.Equal((Address(TwoNodes.PodB, v6), (ushort)8080), (sent.Dst, sent.Dport));
        Assert.InRange(sent.AtMs, before - 5, after + 5);
        var received = Assert.Single(_b.Received(1));
        Assert.Equal((sent.Src, sent.Sport, sent.Dst, sent.Dport), (received.Src, received.Sport, received.Dst, received.Dport));
        AssertNothingElse();
        accepted.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Server_ClosedWithUnreadData_IsSentByTheServersNodeOnly(bool v6)
    {
        var (client, accepted) = Connect(TwoNodes.PodA, TwoNodes.PodB, v6);
        client.Send(new byte[100]);
        Assert.True(accepted.Poll(TimeSpan.FromSeconds(60), SelectMode.SelectRead));
        accepted.Dispose();

        var sent = Assert.Single(_b.Sent(1));
        Assert.Equal((Address(TwoNodes.PodB, v6), (ushort)8080, Address(TwoNodes.PodA, v6)), (sent.Src, sent.Sport, sent.Dst));
        Assert.Equal("TCP_ABORT_ON_CLOSE", _b.Trace.ReasonName(sent.Reason));
        Assert.Single(_a.Received(1));
        AssertNothingElse();
        client.Dispose();
    }

    [Fact]
    public void Reset_OnLoopbackOfANode_IsNotReported()
    {
        var (client, accepted) = _nodes.Inside(TwoNodes.A, () =>
        {
            using var listener = Listen(IPAddress.Loopback);
            var one = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            one.Connect(listener.LocalEndPoint!);
            return (one, listener.Accept());
        });
        client.LingerState = new LingerOption(true, 0);
        client.Dispose();
        accepted.Dispose();
        AssertNothingElse();
    }

    [Fact]
    public void HundredResets_AreReportedAsHundred()
    {
        var server = new IPEndPoint(_nodes.PodAddress(TwoNodes.PodB).ToIPAddress(), 81);
        _nodes.Inside(TwoNodes.PodA, () =>
        {
            for (int i = 0; i < 100; i++)
            {
                using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                Assert.Throws<SocketException>(() => client.Connect(server));
            }

            return 0;
        });
        Assert.Equal(100, _b.Sent(100).Count);
        Assert.Equal(100, _a.Received(100).Count);
        AssertNothingElse();
        Assert.Equal(0, _a.Trace.TakeLost() + _b.Trace.TakeLost());
    }

    [Fact]
    public void Reset_IsReportedWithin200Milliseconds()
    {
        // The median of eleven: on a busy machine a reader thread may be scheduled late, which is not the trace's fault.
        var delays = new List<long>();
        for (int sent = 1; sent <= 11; sent++)
        {
            var (client, accepted) = Connect(TwoNodes.PodA, TwoNodes.PodB, v6: false);
            client.LingerState = new LingerOption(true, 0);
            client.Dispose();
            var clock = Stopwatch.StartNew();
            Assert.Equal(sent, _a.Sent(sent).Count);
            delays.Add(clock.ElapsedMilliseconds);
            accepted.Dispose();
        }

        Assert.InRange(delays.Order().ElementAt(5), 0, 200);
    }

    [Fact]
    public void StrayAckToAListener_IsCountedAsUnplacedAndReportedWhereReceived()
    {
        var (client, accepted) = Connect(TwoNodes.PodA, TwoNodes.PodB, v6: false);
        // The server's peer vanishes silently: after a flush the live pod knows nothing of the connection.
        _nodes.Inside(TwoNodes.PodB, "route replace blackhole " + Address(TwoNodes.PodA, false));
        accepted.LingerState = new LingerOption(true, 0);
        accepted.Dispose();
        Assert.Single(_b.Sent(1)); // Sent, and dropped by the route.
        using var listener = _nodes.Inside(TwoNodes.PodB, () => Listen(IPAddress.Any));
        _nodes.Inside(TwoNodes.PodB, "route del blackhole " + Address(TwoNodes.PodA, false));
        Drop(_a, _b);
        _ = _b.Trace.TakeUnplaced();

        client.Send([1]);
        var received = Assert.Single(_a.Received(1));
        Assert.Equal((Address(TwoNodes.PodB, false), (ushort)8080), (received.Src, received.Sport));
        // Each node has its own reader: a report from one implies nothing for the other.
        _b.Wait(_ => _b.Trace.TakeUnplaced() >= 1, "the unplaced reset was not counted");
        Assert.Empty(_b.Sent(0));
        AssertNothingElse();
        client.Dispose();
    }

    private static void Drop(params Collector[] collectors)
    {
        foreach (var collector in collectors)
            collector.Forget();
    }

    // A last reset that both must see proves that nothing is still in flight.
    private void AssertNothingElse()
    {
        int sentByA = _a.Sent(0).Count, sentByB = _b.Sent(0).Count;
        int receivedByA = _a.Received(0).Count, receivedByB = _b.Received(0).Count;
        foreach (var (pod, collector) in (ReadOnlySpan<(string, Collector)>)[(TwoNodes.PodA, _a), (TwoNodes.PodB, _b)])
        {
            var to = new IPEndPoint(_nodes.PodAddress(pod).ToIPAddress(), 82);
            _nodes.Inside(pod == TwoNodes.PodA ? TwoNodes.PodB : TwoNodes.PodA, () =>
            {
                using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                return Record.Exception(() => client.Connect(to));
            });
            collector.Wait(all => all.Any(reset => !reset.Received && reset.Sport == 82));
        }

        _a.Wait(all => all.Any(reset => reset.Received && reset.Sport == 82));
        _b.Wait(all => all.Any(reset => reset.Received && reset.Sport == 82));
        Assert.Equal((sentByA + 1, receivedByA + 1), (_a.Sent(0).Count, _a.Received(0).Count));
        Assert.Equal((sentByB + 1, receivedByB + 1), (_b.Sent(0).Count, _b.Received(0).Count));
        Assert.True(sentByA == 0 || sentByB == 0, "both nodes kept a sent reset");
    }

    private Ip Address(string pod, bool v6) => v6 ? _nodes.PodAddress6(pod) : _nodes.PodAddress(pod);

    private (Socket Client, Socket Accepted) Connect(string from, string to, bool v6)
    {
        // A dual-stack listener: its IPv4 clients have mapped addresses in the kernel.
        using var listener = _nodes.Inside(to, () => Listen(IPAddress.IPv6Any));
        var server = new IPEndPoint(Address(to, v6).ToIPAddress(), 8080);
        var client = _nodes.Inside(from, () =>
        {
            var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Connect(server);
            return socket;
        });
        return (client, listener.Accept());
    }

    private static Socket Listen(IPAddress address)
    {
        var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
            listener.DualMode = true;
        // A process that another test starts has the former listener open until its exec.
        Eventually.True(() => TryBind(listener, new IPEndPoint(address, 8080)));
        listener.Listen(16);
        return listener;
    }

    private static bool TryBind(Socket socket, EndPoint address)
    {
        try
        {
            socket.Bind(address);
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
    }

    /// <summary>A node's trace, drained into a list as by a collector.</summary>
    private sealed class Collector : IDisposable
    {
        private readonly Locality _locality = new();
        private readonly List<ResetRecord> _all = [];

        public Collector()
        {
            Assert.True(ResetTrace.TryOpen(_locality, out var trace, out string? why), why);
            Trace = trace;
        }

        public ResetTrace Trace { get; }

        public List<ResetRecord> Sent(int atLeast) => Take(received: false, atLeast);

        public List<ResetRecord> Received(int atLeast) => Take(received: true, atLeast);

        public void Wait(Func<List<ResetRecord>, bool> until, string otherwise = "a reset was not reported") =>
            Eventually.True(() => { Drain(); return until(_all); }, expression: $"not: {otherwise}");

        public void Forget()
        {
            Drain();
            _all.Clear();
        }

        public void Dispose()
        {
            Trace.Dispose();
            _locality.Dispose();
        }

        private List<ResetRecord> Take(bool received, int atLeast)
        {
            Wait(all => all.Count(reset => reset.Received == received) >= atLeast);
            return _all.FindAll(reset => reset.Received == received);
        }

        private void Drain()
        {
            Span<ResetRecord> some = new ResetRecord[64];
            for (int taken; (taken = Trace.Drain(some)) > 0;)
                _all.AddRange(some[..taken]);
        }
    }
}
