using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Ingest;
using ConntrackConsole.Kernel.Namespaces;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.EndToEnd.Outages;

/// <summary>An observe-only collector, and a console that sends it commands, with everything real between them.</summary>
public sealed class ObserveOnlyTests
{
    private const string Node = "node1";
    private const string PodIp = "10.1.0.5";

    [Fact]
    public async Task Commands_ToAnObserveOnlyNode_AreRefusedAndTheEntryStays()
    {
        using var inside = NetworkNamespace.Create($"ccobs-{Guid.NewGuid():n}"[..15]);
        await using var host = await ConsoleHost.StartAsync();
        var collector = OutageProcesses.Collector(inside, host.Folder, Node, "--observe-only");
        try
        {
            await ConntrackAsync(inside, "-I", "-p", "tcp", "-s", "10.9.0.1", "-d", "10.96.0.10", "--sport", "40001", "--dport", "80", "-r", "10.96.0.10",
                "-g", $"{PodIp}:8080", "-q", "10.9.0.1", "--reply-port-src", "80", "--reply-port-dst", "40001", "-t", "900", "--state", "ESTABLISHED", "-u", "SEEN_REPLY,ASSURED");
            var link = host.Get<CollectorLink>();
            await Eventually.TrueAsync(() => link.ConnectedNodes.Contains(Node));
            var commands = host.Get<TimelineStore>().Nodes().Single().Capabilities.Single(c => c.Name == "commands");
            Assert.False(commands.Available);

            // The console sends everything that would make a flush valid on another node.
            var gone = new OwnershipStatement(PodIp, OwnerState.Gone, "shop/checkout-a", DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
            var preview = await link.PreviewAsync(Node, new PreviewRequest("p1", PodIp, gone), TestContext.Current.CancellationToken);
            Assert.Equal(Wire.NodeReasons.ObserveOnly, preview.Value?.RefusalCode);
            Assert.Empty(preview.Value!.Entries);
            var flush = await link.FlushAsync(Node, new FlushNodeCommand(new NodeCommand("a1", "ada", null, "test", false, long.MaxValue), "p1", preview.Value.Digest, gone));
            Assert.Equal(Wire.NodeReasons.ObserveOnly, flush.Value?.Code);
            Assert.StartsWith("Node node1 is observe-only", flush.Value?.Refusal);
            Assert.Equal((0, 0), (flush.Value!.Listed, flush.Value.Deleted));
            Assert.Contains($"src={PodIp}", await ConntrackAsync(inside, "-L", "-r", PodIp));
        }
        finally
        {
            await OutageProcesses.KillAsync(collector);
            NetworkNamespace.Delete(inside.Name);
        }
    }

    private static async Task<string> ConntrackAsync(NetworkNamespace inside, params string[] arguments)
    {
        var (code, output) = await RunningLab.RunAsync("ip", ["netns", "exec", inside.Name, "conntrack", .. arguments]);
        Assert.True(code == 0, output);
        return output;
    }
}
