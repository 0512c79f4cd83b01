using System.Net;
using System.Net.Sockets;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Nftables;
using ConntrackConsole.Kernel.Routes;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Nftables;

public sealed class NftBatchTests
{
    private const string Table = "svc", Services = "services", Chain = "service-a", Checks = "check-a";
    private static readonly Ip Vip = Ip.Parse("10.9.200.10");
    private static readonly Ip FirstBackend = Ip.Parse("10.9.0.1");
    private static readonly Ip SecondBackend = Ip.Parse("10.9.0.2");

    [Fact]
    public void Encode_OneRule_HasTheExpectedBytes()
    {
        byte[] bytes = new NftBatch().AddRule("t", "c", new NftRule().Reject()).Encode(out uint last);

        Assert.Equal(2u, last);
        Assert.Equal(
            "14000000" + "1000" + "0100" + "01000000" + "00000000" + "0000000A"                 // batch begin, subsystem 10
            + "4C000000" + "060A" + "050C" + "02000000" + "00000000" + "02000000"               // NEWRULE, create, append, ack; ip
            + "0600" + "0100" + "74000000" + "0600" + "0200" + "63000000"                       // table t, chain c
            + "2800" + "0480" + "2400" + "0180" + "0B00" + "0100" + "72656A65637400" + "00"     // expressions: reject
            + "1400" + "0280" + "0800" + "0100" + "00000000" + "0500" + "0200" + "03000000"     // icmp, port unreachable
            + "14000000" + "1100" + "0100" + "03000000" + "00000000" + "0000000A",              // batch end
            Convert.ToHexString(bytes));
    }

    [Fact]
    public void Service_WithBackends_TranslatesNewConnectionsToEachOfThem()
    {
        using var scratch = Prepared();
        scratch.Inside.Run(() =>
        {
            using var first = Listen(FirstBackend);
            using var second = Listen(SecondBackend);
            Sync(FirstBackend, SecondBackend);

            var reached = Enumerable.Range(0, 60).Select(_ => Reach(first, second)).ToList();

            // By chance, one of two receives none of 60 once in 5 * 10^17 runs.
            Assert.Contains(FirstBackend, reached);
            Assert.Contains(SecondBackend, reached);
        });
    }

    [Fact]
    public void Service_ReplacedInPlace_SendsNewConnectionsOnlyToTheNewBackend()
    {
        using var scratch = Prepared();
        scratch.Inside.Run(() =>
        {
            using var first = Listen(FirstBackend);
            using var second = Listen(SecondBackend);
            Sync(FirstBackend);
            Assert.Equal(FirstBackend, Reach(first, second));

            Sync(SecondBackend);

            Assert.All(Enumerable.Range(0, 10), _ => Assert.Equal(SecondBackend, Reach(first, second)));
        });
    }

    [Fact]
    public void Service_WithoutBackends_IsRejectedByIcmp()
    {
        using var scratch = Prepared();
        using var client = new ScratchNamespace();
        Connect(scratch, client);
        scratch.Inside.Run(() => Sync());

        var refused = client.Inside.Run(() =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            return Assert.Throws<SocketException>(() => socket.Connect(new IPEndPoint(Vip.ToIPAddress(), 80)));
        });

        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
    }

    [Fact]
    public void Commit_OneMessageRefused_NothingIsApplied()
    {
        using var scratch = Prepared();
        scratch.Inside.Run(() =>
        {
            using var first = Listen(FirstBackend);
            using var second = Listen(SecondBackend);
            Sync(FirstBackend);

            var refused = Assert.Throws<NetlinkException>(() => new NftBatch()
                .ClearChain(Table, Chain).AddRule(Table, Chain, new NftRule().Jump("no-such-chain")).Commit());

            Assert.Equal(Errno.ENOENT, refused.Errno);
            Assert.Equal(FirstBackend, Reach(first, second));
        });
    }

    [Fact]
    public void ClearChain_WithoutAName_IsNotWritten() =>
        Assert.ThrowsAny<ArgumentException>(() => new NftBatch().ClearChain(Table, ""));

    private static ScratchNamespace Prepared()
    {
        var scratch = new ScratchNamespace();
        scratch.Inside.Run(() =>
        {
            using var routes = RouteSocket.Open();
            routes.SetUp("lo", up: true);
            routes.AddAddress("lo", FirstBackend, 32);
            routes.AddAddress("lo", SecondBackend, 32);
            routes.AddRoute(Ip.Parse("10.9.200.0"), 24, "lo");
            new NftBatch().AddTable(Table).AddChain(Table, Chain).AddChain(Table, Services)
                .AddChain(Table, Checks)
                .AddFilterChain(Table, "filter-prerouting", NftHook.PreRouting)
                .AddNatChain(Table, "nat-output", NftHook.Output)
                .AddRule(Table, "filter-prerouting", new NftRule().IfNew().ToAddress(Vip).ToPort(Protocols.Tcp, 80).Jump(Checks))
                .AddRule(Table, "nat-output", new NftRule().Jump(Services))
                .AddRule(Table, Services, new NftRule().ToAddress(Vip).ToPort(Protocols.Tcp, 80).Jump(Chain))
                .Commit();
        });
        return scratch;
    }

    // A client behind a link: what a node sees of a pod.
    private static void Connect(ScratchNamespace node, ScratchNamespace client)
    {
        node.Inside.Run(() =>
        {
            using var routes = RouteSocket.Open();
            using var other = File.OpenHandle(client.Inside.FilePath);
            routes.AddVeth("pod1", "eth0", other);
            routes.AddAddress("pod1", Ip.Parse("169.254.1.1"), 32);
            routes.SetUp("pod1", up: true);
            routes.AddRoute(Ip.Parse("10.9.16.2"), 32, "pod1");
        });
        client.Inside.Run(() =>
        {
            using var routes = RouteSocket.Open();
            routes.AddAddress("eth0", Ip.Parse("10.9.16.2"), 32);
            routes.SetUp("eth0", up: true);
            routes.AddRoute(Ip.Parse("169.254.1.1"), 32, "eth0");
            routes.AddRoute(Ip.Parse("0.0.0.0"), 0, "eth0", Ip.Parse("169.254.1.1"));
        });
    }

    private static void Sync(params Ip[] backends)
    {
        var batch = new NftBatch().ClearChain(Table, Chain).ClearChain(Table, Checks);
        for (int i = 0; i < backends.Length; i++)
            batch.AddRule(Table, Chain, new NftRule().OneOf(backends.Length - i).Dnat(backends[i], 8080));
        if (backends.Length == 0)
            batch.AddRule(Table, Checks, new NftRule().Reject());
        batch.Commit();
    }

    private static Socket Listen(Ip backend)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(backend.ToIPAddress(), 8080));
        listener.Listen();
        return listener;
    }

    // The backend that a new connection to the Service reaches.
    private static Ip Reach(Socket first, Socket second)
    {
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(new IPEndPoint(Vip.ToIPAddress(), 80));
        var ready = new List<Socket> { first, second };
        Socket.Select(ready, null, null, TimeSpan.FromSeconds(60));
        using var accepted = Assert.Single(ready).Accept();
        return Ip.From(((IPEndPoint)accepted.LocalEndPoint!).Address);
    }
}
