using System.Diagnostics;
using System.Text.Json.Nodes;
using ConntrackConsole.Kernel.Namespaces;
using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>`conntrack-collector explain` inside a node of the lab: one binary, one node, no console and no cluster.</summary>
public sealed class ExplainTests
{
    private const int Connections = 12; // of both clients

    [Fact]
    public async Task HealthyPod_OnEveryNode_IsInsufficient()
    {
        await using var lab = await StartAsync();
        string ip = Backends(lab)[0];

        var told = await Task.WhenAll(ExplainAsync(lab, 1, ip, 14), ExplainAsync(lab, 2, ip, 14), ExplainAsync(lab, 3, ip, 14));

        Assert.All(told, node => Assert.StartsWith("insufficient: missing ", (string?)node["conclusion"], StringComparison.Ordinal));
        Assert.All(told, node => Assert.Empty(node["verdicts"]!.AsArray()));
        Assert.True((int)told[2]["established"]! > 0 && (int)told[2]["answered"]! > 0, told[2].ToJsonString());
        Assert.Contains($"conntrack -L -r {ip} ", (string)told[0]["commands"]![0]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Invalid_OnTheClientsNode_IsM1()
    {
        const int Segments = 6;
        await using var lab = await StartAsync();
        var asked = Backends(lab).Select(ip => (Ip: ip, Told: Explaining.Start(lab, 3, ip, 30))).ToList();
        foreach (var (_, telling) in asked)
            await telling.ListensAsync();
        lab.Tell($"invalid {Segments}");
        await lab.EventsAsync("invalid-segment", Segments);

        int judged = 0;
        foreach (var (ip, telling) in asked)
        {
            var told = await telling.ToldAsync();
            int resets = lab.Labels.Count(label => (string?)label["node"] == "node3" && (string?)label["reply"]!["src"] == ip);
            Assert.Equal(resets, (int)told["unNatedResets"]!);
            Assert.Equal(resets > 0 ? ["M1"] : [], Mechanisms(told));
            judged += resets;
        }

        Assert.True(judged > 0, "no segment went to the client on node3");
    }

    [Fact]
    public async Task EarlyExit_OnTheClientsNode_IsM3()
    {
        await using var lab = await StartAsync();
        var asked = Backends(lab).Select(ip => (Ip: ip, Told: Explaining.Start(lab, 3, ip, 40))).ToList();
        foreach (var (_, telling) in asked)
            await telling.ListensAsync();
        lab.Tell("rollout early-exit");
        await lab.EventsAsync("rollout-done", 1);

        int judged = 0;
        foreach (var (ip, telling) in asked)
        {
            var told = await telling.ToldAsync();
            int resets = lab.Labels.Count(label => (string?)label["node"] == "node3" && (string?)label["reply"]!["src"] == ip);
            judged += resets;
            Assert.True(Mechanisms(told).SequenceEqual(resets > 0 ? ["M3"] : []), $"{resets} resets by {ip}: {told.ToJsonString()}");
        }

        Assert.True(judged > 0, "no reset reached the client on node3");
    }

    [Fact]
    public async Task Blackhole_OnThePodsNodeAndOnAnother_IsM4_AndTheOtherPodsAreNot()
    {
        await using var lab = await StartAsync();
        lab.Tell("rollout blackhole");
        await lab.EventsAsync("rollout-done", 1);
        string ip = (string)Assert.Single(lab.Events("vanished"))["ip"]!;
        await lab.HungAsync(ip);
        string alive = Backends(lab).Last(backend => backend != ip);

        var told = await Task.WhenAll(
            ExplainAsync(lab, 3, ip, 20), ExplainAsync(lab, 1, ip, 20), ExplainAsync(lab, 3, alive, 20));

        Assert.True(Mechanisms(told[0]).SequenceEqual(["M4"]), told[0].ToJsonString());
        Assert.True(Mechanisms(told[1]).SequenceEqual(["M4"]), told[1].ToJsonString());
        Assert.Contains(told[0]["verdicts"]![0]!["evidence"]!.AsArray(), reason => (string?)reason!["class"] == "packet direction");
        Assert.True(!Mechanisms(told[2]).Contains("M4") && (int)told[2]["answered"]! > 0, told[2].ToJsonString());
    }

    private static async Task<RunningLab> StartAsync()
    {
        var lab = await RunningLab.StartAsync("--without-console", "--rollouts", "0", "--connections", "6");
        await lab.ConnectedAsync(Connections);
        return lab;
    }

    // Those that the client on node3 talks to.
    private static string[] Backends(RunningLab lab) =>
        [.. lab.Events("client-connected").Where(line => (string?)line["node"] == "node3").Select(line => ((string)line["backend"]!).Split(':')[0]).Distinct()];

    private static IEnumerable<string> Mechanisms(JsonNode told) => told["verdicts"]!.AsArray().Select(verdict => (string)verdict!["mechanism"]!);

    private static Task<JsonNode> ExplainAsync(RunningLab lab, int node, string ip, int seconds) => Explaining.Start(lab, node, ip, seconds).ToldAsync();

    /// <summary>The program while it observes.</summary>
    private sealed class Explaining(Process process)
    {
        private string _errors = "";

        public static Explaining Start(RunningLab lab, int node, string ip, int seconds)
        {
            var start = new ProcessStartInfo(Programs.Collector, ["explain", "--pod-ip", ip, "--seconds", $"{seconds}", "--json"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var place = NetworkNamespace.Open(lab.NodeNamespace(node));
            return new Explaining(place.Run(() => Process.Start(start)!));
        }

        /// <summary>It says that it observes once it does.</summary>
        public async Task ListensAsync()
        {
            string line = await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) ?? "nothing";
            _errors += line + "\n";
            Assert.StartsWith("Observing ", line, StringComparison.Ordinal);
        }

        public async Task<JsonNode> ToldAsync()
        {
            using var ending = process;
            var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode == 0, _errors + await errors);
            return JsonNode.Parse(output)!;
        }
    }
}
