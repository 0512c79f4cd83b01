using System.Diagnostics;
using System.Text.Json.Nodes;
using ConntrackConsole.Kernel.Namespaces;
using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>What the collector reads from a node in addition to its flows.</summary>
[Collection(nameof(QuietLab))]
public sealed class NodeReadingTests(QuietLab quiet)
{
    [Fact]
    public async Task KubeProxy_InItsNode_IsReadIntoTheFrames()
    {
        using var inside = NetworkNamespace.Open(quiet.Lab.NodeNamespace(2));
        var start = new ProcessStartInfo(Programs.Collector, ["watch", "--json"]) { RedirectStandardOutput = true };
        using var process = inside.Run(() => Process.Start(start)!);
        JsonNode? proxy = null;
        // A request times out after a second, which can happen on a busy machine: then the next one counts.
        for (int frames = 0; frames < 60 && (bool?)proxy?["answers"] != true; frames++)
            proxy = JsonNode.Parse((await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))!)!["proxy"] ?? proxy;
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True((bool)proxy!["answers"]!, proxy.ToJsonString());
        Assert.Equal(("Nftables", 200, 0), ((string?)proxy["mode"], (int)proxy["healthStatus"]!, (int)proxy["endpointChangesPending"]!));
        Assert.True((double)proxy["lastSync"]! > (double)proxy["processStart"]! - 1);
        Assert.InRange((double)proxy["syncP99"]!, 0, 5);
        Assert.Null(proxy["invalidDropped"]); // nftables mode has no such counter
    }
}
