using System.Net;
using System.Net.Sockets;
using Xunit;

namespace ConntrackConsole.Testing;

/// <summary>Causes exactly one reset per call, between two of the namespaces.</summary>
internal sealed class Provoke(TwoNodes nodes)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public void Refused(string from, IPEndPoint server, int times) => nodes.Inside(from, () =>
    {
        for (int i = 0; i < times; i++)
        {
            using var client = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            var failure = Assert.Throws<SocketException>(() => client.Connect(server));
            Assert.Equal(SocketError.ConnectionRefused, failure.SocketErrorCode);
        }

        return 0;
    });

    public void ClientAborts(string from, string to, IPEndPoint server, int times, IPEndPoint? target = null) =>
        Connected(from, to, server, target ?? server, times, (client, accepted) =>
        {
            client.LingerState = new LingerOption(true, 0);
            client.Dispose();
            Assert.True(accepted.Poll(Patience, SelectMode.SelectRead)); // Closed earlier it would cause a second one.
        });

    public void ServerDiesWithUnreadData(string from, string to, IPEndPoint server, int times, IPEndPoint? target = null) =>
        Connected(from, to, server, target ?? server, times, (client, accepted) =>
        {
            client.Send(new byte[100]);
            Assert.True(accepted.Poll(Patience, SelectMode.SelectRead));
            accepted.Dispose();
            Assert.True(client.Poll(Patience, SelectMode.SelectRead));
        });

    /// <summary>A segment of a connection that its receiver does not know: the receiver resets.</summary>
    public void Stray(string from, IPEndPoint source, IPAddress to, int times) => nodes.Inside(from, () =>
    {
        for (int i = 0; i < times; i++)
            TcpSegment.Send(source, new IPEndPoint(to, 20_000 + i), TcpSegment.Ack, 1, 1);
        return 0;
    });

    /// <summary>Resets of an established connection that its receiver must ignore.</summary>
    public void ForgedWithABadSequence(string from, string to, IPEndPoint server, int times) =>
        Connected(from, to, server, server, 1, (client, accepted) =>
        {
            nodes.Inside(to, () =>
            {
                for (uint i = 0; i < times; i++)
                    TcpSegment.Send(server, (IPEndPoint)client.LocalEndPoint!, TcpSegment.Rst, 0x10000000 + (i * 0x1000000), 0);
                return 0;
            });
            client.Send([1]);
            Assert.Equal(1, accepted.Receive(new byte[10])); // Still established.
        });

    public void Connected(string from, string to, IPEndPoint server, IPEndPoint target, int times, Action<Socket, Socket> then)
    {
        using var listener = nodes.Inside(to, () =>
        {
            var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(server);
            socket.Listen(16);
            return socket;
        });
        nodes.Inside(from, () =>
        {
            for (int i = 0; i < times; i++)
            {
                using var client = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                client.Connect(target);
                using var accepted = listener.Accept();
                then(client, accepted);
            }

            return 0;
        });
    }
}
