using System.Net.Sockets;
using System.Text.Json.Nodes;
using ConntrackConsole.Kernel.Namespaces;
using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>A lab between two rollouts: clients that abort their own connections, and the state of the nodes.</summary>
[Collection(nameof(QuietLab))]
public sealed class QuietLabTests(QuietLab quiet)
{
    private readonly RunningLab _lab = quiet.Lab;

    [Theory]
    [InlineData("abort")]
    [InlineData("abort unread")]
    public async Task Abort_ByTheFarClient_IsOneLabelWithoutAMechanism(string line)
    {
        int before = _lab.Labels.Count;
        _lab.Send(line);
        await _lab.EventsAsync("client-aborted", before + 1);

        var label = Assert.Single((await _lab.LabelsAsync(before + 1)).Skip(before));
        Assert.Equal((null, null, "client-abort", 1), Fields(label));
        Assert.Equal("node3", (string?)label["node"]);
    }

    [Fact]
    public async Task ServiceWithEndpoints_ItsEntries_AreOnTheClientsNode()
    {
        // A connection that another test aborted is replaced after half a second.
        string service = ((string)_lab.Ready["service"]!).Split(':')[0];
        await Eventually.ValueAsync(
            () => _lab.ConntrackAsync(3, "-L", "-p", "tcp", "-d", service),
            table => table.Split('\n').Count(entry => entry.Contains("ESTABLISHED", StringComparison.Ordinal) && entry.Contains("dport=80 ", StringComparison.Ordinal)) == QuietLab.Connections / 2);
    }

    [Fact]
    public async Task KubeProxy_InANodesNamespace_AnswersOnItsLoopback()
    {
        using var inside = NetworkNamespace.Open(_lab.NodeNamespace(2));
        using var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancel) =>
            {
                var socket = inside.Run(() => new Socket(SocketType.Stream, ProtocolType.Tcp));
                await socket.ConnectAsync(context.DnsEndPoint, cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });

        Assert.Equal("nftables", await client.GetStringAsync(new Uri("http://127.0.0.1:10249/proxyMode"), TestContext.Current.CancellationToken));
        // A change is pending until it is synced.
        string metrics = await Eventually.ValueAsync(
            () => client.GetStringAsync(new Uri("http://127.0.0.1:10249/metrics"), TestContext.Current.CancellationToken),
            text => !text.Contains("kubeproxy_sync_proxy_rules_endpoint_changes_pending 1\n", StringComparison.Ordinal));
        Assert.Contains("kubeproxy_sync_proxy_rules_endpoint_changes_pending 0\n", metrics, StringComparison.Ordinal);
        var health = JsonNode.Parse(await client.GetStringAsync(new Uri("http://127.0.0.1:10256/healthz"), TestContext.Current.CancellationToken))!;
        Assert.True((bool)health["healthy"]!);
    }

    private static (string?, string?, string?, int) Fields(JsonNode label) =>
        ((string?)label["scenario"], (string?)label["mechanism"], (string?)label["kind"], (int)label["resets"]!);
}
