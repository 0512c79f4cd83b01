using System.Net;
using System.Net.Sockets;
using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Collector.Observation.Resets;
using ConntrackConsole.Kernel.Namespaces;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

/// <summary>Loses entries of a Service's live connections and checks the resulting resets and notes.</summary>
public sealed class LostEntryTests : IDisposable
{
    private const int Times = 100;
    private const ushort Vport = 80, Port = 8080;

    private readonly TwoNodes _nodes = new();
    private readonly ServiceRules _rules;
    private readonly List<(Socket Client, Socket Accepted)> _connections = [];
    private readonly IPEndPoint _vip;
    private readonly Ip _backend;

    public LostEntryTests()
    {
        _vip = new IPEndPoint(_nodes.Address(3, 100).ToIPAddress(), Vport);
        _backend = _nodes.PodAddress(TwoNodes.PodB);
        _rules = new ServiceRules(_nodes, Ip.From(_vip.Address), Vport);
        _rules.To(_backend, Port);
    }

    public void Dispose()
    {
        foreach (var (client, accepted) in _connections)
        {
            client.Dispose();
            accepted.Dispose();
        }

        _nodes.Dispose();
    }

    [Fact]
    public void DeletedByAnotherProgram_BackendSendsFirst_IsUnNated()
    {
        using var trace = new NodeWatch(_nodes, ResetChoice.Trace);
        using var packet = new NodeWatch(_nodes, ResetChoice.Packet);
        using var both = new NodeWatch(_nodes, ResetChoice.Both);
        NodeWatch.Await(trace, packet, both);
        Connect(Times);

        OnTheClientsNode(node => ConntrackProgram.Run(node, "-D", "-d", _vip.Address.ToString()));
        foreach (var (_, accepted) in _connections)
            accepted.Send([1]);

        NodeWatch.Await(HasAll, trace, packet, both);
        foreach (var watch in (NodeWatch[])[trace, packet, both])
        {
            var lost = watch.Notes.FindAll(note => note.Kind == FlowNoteKind.Lost);
            Assert.Equal(Times, lost.Count);
            Assert.All(lost, note => Assert.Equal(
                (LossCause.ForeignDelete, Client, Ip.From(_vip.Address), Vport, _backend, Port, true),
                (note.Cause, note.Src, note.Dst, note.Dport, note.Backend, note.Bport, note.PortId != 0)));
            var unNated = watch.Notes.FindAll(note => note.Kind == FlowNoteKind.UnNated && note.Src == _backend);
            Assert.Equal(Times, unNated.Count);
            Assert.All(unNated, note => Assert.Equal((Port, Client), (note.Sport, note.Dst)));
            var resets = watch.ResetsOf(Vport, Port);
            Assert.Equal(Times, resets.Count);
            Assert.All(resets, reset => Assert.Equal(
                (ResetKind.UnNated, Client, _backend, Ip.From(_vip.Address), Vport),
                (reset.Kind, reset.Src, reset.Dst, reset.Vip, reset.Vport)));
        }
    }

    [Fact]
    public void InvalidSegmentOfALiveBackend_IsUnNatedWithoutALoss()
    {
        using var trace = new NodeWatch(_nodes, ResetChoice.Trace);
        using var packet = new NodeWatch(_nodes, ResetChoice.Packet);
        using var both = new NodeWatch(_nodes, ResetChoice.Both);
        NodeWatch.Await(trace, packet, both);
        Connect(Times);

        // Far beyond the window: conntrack classifies it as INVALID and does not translate it.
        var backend = new IPEndPoint(_backend.ToIPAddress(), Port);
        _nodes.Inside(TwoNodes.PodB, () =>
        {
            foreach (var (client, accepted) in _connections)
            {
                var (next, expected) = TcpSegment.Numbers(accepted);
                TcpSegment.Send(backend, (IPEndPoint)client.LocalEndPoint!, TcpSegment.Ack, next + (1u << 29), expected);
            }

            return 0;
        });

        NodeWatch.Await(HasAll, trace, packet, both);
        foreach (var watch in (NodeWatch[])[trace, packet, both])
        {
            var resets = watch.ResetsOf(Vport, Port);
            Assert.Equal(Times, resets.Count);
            Assert.All(resets, reset => Assert.Equal(
                (ResetKind.UnNated, Client, _backend, Ip.From(_vip.Address)), (reset.Kind, reset.Src, reset.Dst, reset.Vip)));
            Assert.Empty(watch.Notes);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // Its reset has no peer in the trace, and is reported where it is received.
    public void Deleted_RulesSelectAnotherBackend_IsResetByTheNewBackend(bool listens)
    {
        using var trace = new NodeWatch(_nodes, ResetChoice.Trace);
        using var packet = new NodeWatch(_nodes, ResetChoice.Packet);
        using var both = new NodeWatch(_nodes, ResetChoice.Both);
        NodeWatch.Await(trace, packet, both);
        Connect(Times);
        using var listener = listens ? Listen(TwoNodes.SecondPodA) : null;
        var other = _nodes.PodAddress(TwoNodes.SecondPodA);

        _rules.To(other, Port);
        OnTheClientsNode(node => ConntrackProgram.Run(node, "-D", "-d", _vip.Address.ToString()));
        foreach (var (client, _) in _connections)
            client.Send([1]);

        NodeWatch.Await(HasAll, trace, packet, both);
        foreach (var watch in (NodeWatch[])[trace, packet, both])
        {
            var resets = watch.ResetsOf(Vport, Port);
            Assert.Equal(Times, resets.Count);
            Assert.All(resets, reset => Assert.Equal(
                (ResetKind.NewBackend, other, Ip.From(_vip.Address), Vport), (reset.Kind, reset.Backend, reset.Vip, reset.Vport)));
            Assert.Equal(Times, watch.Notes.Count(note => note.Kind == FlowNoteKind.MidStream && note.Backend == other));
        }
    }

    [Fact]
    public void Losses_HaveTheirCause_AndRegularEndsAreNotLosses()
    {
        using var watch = new NodeWatch(_nodes, ResetChoice.Trace);
        using var state = new TemporaryDirectory();
        NodeWatch.Await(watch);
        Connect(4);

        // One by its timeout: a dump removes expired entries; the kernel's own garbage collection may take a minute.
        var (byTime, ended) = (Sport(0), Sport(1));
        SetEstablishedTimeout("1");
        _connections[0].Client.Send([1]);
        Assert.Equal(1, _connections[0].Accepted.Receive(new byte[1]));
        // One that has ended: deleting its entry is not a loss.
        _connections[1].Accepted.Dispose();
        _connections[1].Client.Receive(new byte[1]);
        _connections[1].Client.Dispose();
        NodeWatch.Await(watch);
        OnTheClientsNode(node => ConntrackProgram.Run(node, "-D", "-p", "tcp", "--sport", ended));
        NodeWatch.Await(
            _ =>
            {
                OnTheClientsNode(node => ConntrackProgram.Run(node, "-L"));
                return Lost().Any();
            },
            watch);
        Assert.Equal([$"Lost Timeout {byTime}"], Lost());

        // The rest by the flush handler of this collector.
        var (_, result) = Flush(watch, state);
        Assert.Equal((2, 2), (result.Deleted, result.Witnessed));
        NodeWatch.Await(_ => Lost().Count() >= 3, watch);

        Assert.Equal(
            ((string[])[$"Lost Timeout {byTime}", $"Lost OwnDelete {Sport(2)}", $"Lost OwnDelete {Sport(3)}"]).Order(), Lost());

        string Sport(int index) => ((IPEndPoint)_connections[index].Client.LocalEndPoint!).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);

        IEnumerable<string> Lost() => watch.Notes.Select(note => $"{note.Kind} {note.Cause} {note.Sport}").Order();
    }

    /// <summary>A client has noticed when its own connection was reset: another connection of the same client proves nothing.</summary>
    [Theory]
    [InlineData(nameof(ResetChoice.Trace))]
    [InlineData(nameof(ResetChoice.Packet))]
    public void Flushed_OnlyAConnectionThatWasReset_CountsAsNoticed(string choice)
    {
        using var watch = new NodeWatch(_nodes, Enum.Parse<ResetChoice>(choice));
        using var state = new TemporaryDirectory();
        NodeWatch.Await(watch);
        Connect(4);
        using var listener = Listen(TwoNodes.SecondPodA);
        _rules.To(_nodes.PodAddress(TwoNodes.SecondPodA), Port);

        var (handler, result) = Flush(watch, state);
        Assert.Equal(4, result.Deleted);
        _nodes.Inside(TwoNodes.PodA, () =>
        {
            var another = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            another.Connect(_vip);
            _connections.Add((another, listener.Accept()));
            return 0;
        });
        Assert.Equal((4, 0), Read());

        _connections[0].Client.Send([1]);
        _connections[1].Client.Send([1]);
        Eventually.True(() => Read() == (4, 2), state: () => $"{Read()}");
        _connections[2].Client.Send([1]);
        _connections[3].Client.Send([1]);
        Eventually.True(() => Read() == (4, 4), state: () => $"{Read()}");

        (int, int) Read()
        {
            var sample = _nodes.Inside(TwoNodes.A, () => handler.ReadOutcome(new FlushOutcomeRequest("f")));
            return (sample.Clients, sample.Reconnected);
        }
    }

    private (FlushHandler Handler, FlushResult Result) Flush(NodeWatch watch, TemporaryDirectory state) => _nodes.Inside(TwoNodes.A, () =>
    {
        var observer = watch.Observer(TwoNodes.A);
        var handler = new FlushHandler(
            "a", TimeProvider.System, new ActionJournal(state.Path), new Sysctl(), observer.OwnNetlinkPorts, flushed: observer.FlushedConnections);
        var gone = new OwnershipStatement(_backend.ToString(), OwnerState.Gone, null, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        var preview = handler.Preview(new PreviewRequest("p", _backend.ToString(), gone));
        return (handler, handler.Flush(new FlushNodeCommand(new NodeCommand("f", "ada", null, "test", false, long.MaxValue), "p", preview.Digest, gone)));
    });

    private static bool HasAll(NodeWatch watch) => watch.ResetsOf(Vport, Port).Count >= Times;

    private Ip Client => _nodes.PodAddress(TwoNodes.PodA);

    private void Connect(int times)
    {
        using var listener = Listen(TwoNodes.PodB);
        _nodes.Inside(TwoNodes.PodA, () =>
        {
            for (int i = 0; i < times; i++)
            {
                var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                client.Connect(_vip);
                _connections.Add((client, listener.Accept()));
            }

            return 0;
        });
    }

    private void SetEstablishedTimeout(string seconds) => _nodes.Inside(TwoNodes.A, () =>
    {
        File.WriteAllText("/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established", seconds);
        return 0;
    });

    private Socket Listen(string pod) => _nodes.Inside(pod, () =>
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Any, Port));
        listener.Listen(16);
        return listener;
    });

    private void OnTheClientsNode(Func<NetworkNamespace, string> run) => _nodes.Inside(TwoNodes.A, () =>
    {
        using var node = NetworkNamespace.OfThisThread();
        return run(node);
    });
}
