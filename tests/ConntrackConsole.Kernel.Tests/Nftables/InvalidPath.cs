using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ConntrackConsole.Kernel.Nftables;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Nftables;

/// <summary>
/// An established connection of the first node's pod through that node (to the other node's pod) or to it, and segments that its
/// server never sent, far beyond the window: INVALID for the first node's conntrack, which is enabled before.
/// </summary>
internal sealed class InvalidPath : IDisposable
{
    private const uint BeyondEveryWindow = 0x10000000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TwoNodes _nodes = new();
    private readonly string _sender, _receiver;
    private readonly IPEndPoint _from, _to;
    private readonly Socket _listener, _client, _server, _witness;
    private readonly uint _expected;
    private uint _sequence;

    public InvalidPath(bool v6 = false, bool throughTheNode = true)
    {
        InNode(() => new NftBatch(NftFamily.Inet).AddTable("watch").AddFilterChain("watch", "prerouting", NftHook.PreRouting)
            .AddRule("watch", "prerouting", new NftRule().IfNew().Count()).Commit());
        // Receives the segments: the client of a connection through the node, otherwise the node itself.
        string listening = throughTheNode ? TwoNodes.PodB : TwoNodes.A;
        var address = throughTheNode
            ? v6 ? _nodes.PodAddress6(TwoNodes.PodB) : _nodes.PodAddress(TwoNodes.PodB)
            : v6 ? _nodes.NodeAddress6(TwoNodes.A) : _nodes.NodeAddress(TwoNodes.A);
        _listener = _nodes.Inside(listening, () => Listen(new IPEndPoint(address.ToIPAddress(), 7100)));
        _client = _nodes.Inside(TwoNodes.PodA, () => Connect((IPEndPoint)_listener.LocalEndPoint!));
        _server = _listener.Accept();

        (_sender, _receiver) = throughTheNode ? (TwoNodes.PodB, TwoNodes.PodA) : (TwoNodes.PodA, TwoNodes.A);
        var sending = throughTheNode ? _server : _client;
        (_from, _to) = ((IPEndPoint)sending.LocalEndPoint!, (IPEndPoint)sending.RemoteEndPoint!);
        (_sequence, _expected) = _nodes.Inside(_sender, () => TcpSegment.Numbers(sending));
        _sequence += BeyondEveryWindow;
        _witness = _nodes.Inside(_receiver, () =>
        {
            var raw = new Socket(_to.AddressFamily, SocketType.Raw, ProtocolType.Tcp);
            raw.Bind(new IPEndPoint(_to.Address, 0));
            return raw;
        });
    }

    public void InNode(Action work) => _nodes.Inside(TwoNodes.A, () =>
    {
        work();
        return 0;
    });

    /// <summary>The filter's current state; it must exist.</summary>
    public ArmedState State() => _nodes.Inside(TwoNodes.A, () =>
    {
        Assert.True(ArmedFilter.TryRead(out var state));
        return state;
    });

    /// <summary>Sends an INVALID segment and waits until it has arrived, or was counted as dropped.</summary>
    public bool Passes()
    {
        ulong before = Dropped();
        uint sequence = Send();
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < Patience;)
        {
            if (_witness.Poll(TimeSpan.FromMilliseconds(20), SelectMode.SelectRead) && Received() == sequence)
                return true;
            if (Dropped() > before)
                return false;
        }

        throw new TimeoutException("An INVALID segment neither arrived nor was counted.");
    }

    /// <summary>Sends one without waiting.</summary>
    public uint Send()
    {
        uint sequence = _sequence;
        _sequence += 0x1000;
        _nodes.Inside(_sender, () =>
        {
            TcpSegment.Send(_from, _to, TcpSegment.Ack, sequence, _expected);
            return 0;
        });
        return sequence;
    }

    /// <summary>The sequence number of the next segment received.</summary>
    public uint Received()
    {
        Assert.True(_witness.Poll(Patience, SelectMode.SelectRead));
        byte[] packet = new byte[2048];
        int length = _witness.Receive(packet);
        int tcp = _to.AddressFamily == AddressFamily.InterNetwork ? 4 * (packet[0] & 0xF) : 0; // Only IPv4 includes its header.
        Assert.True(length >= tcp + 20);
        return BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(tcp + 4));
    }

    public void Dispose()
    {
        foreach (var socket in (Socket[])[_witness, _server, _client, _listener])
            socket.Dispose();
        _nodes.Dispose();
    }

    private ulong Dropped() => _nodes.Inside(TwoNodes.A, () =>
        ArmedFilter.TryRead(out var state) ? (state.Forward?.Packets ?? 0) + (state.Input?.Packets ?? 0) : 0);

    private static Socket Listen(IPEndPoint at)
    {
        var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(at);
        socket.Listen();
        return socket;
    }

    private static Socket Connect(IPEndPoint server)
    {
        var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(server);
        return socket;
    }
}
