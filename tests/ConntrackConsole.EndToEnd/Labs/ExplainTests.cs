using System.Diagnostics;
using System.Text.Json.Nodes;
using ConntrackConsole.Kernel.Namespaces;
using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>`conntrack-collector explain` on a node of the lab: one binary, one node, no console and no cluster.</summary>
public sealed class ExplainTests
{
    private const int Connections = 12; // of both clients

    [Fact]
    public async Task HealthyPod_OnEveryNode_IsInsufficient()
    {
        await using var lab = await StartAsync();
        string ip = Backends(lab)[0];

        var reports = await Task.WhenAll(ExplainAsync(lab, 1, ip, 14), ExplainAsync(lab, 2, ip, 14), ExplainAsync(lab, 3, ip, 14));

        Assert.All(reports, node => Assert.StartsWith("insufficient: missing ", (string?)node["conclusion"], StringComparison.Ordinal));
        Assert.All(reports, node => Assert.Empty(node["verdicts"]!.AsArray()));
        Assert.True((int)reports[2]["established"]! > 0 && (int)reports[2]["answered"]! > 0, reports[2].ToJsonString());
        Assert.Contains($"conntrack -L -r {ip} ", (string)reports[0]["commands"]![0]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Invalid_OnTheClientsNode_IsM1()
    {
        const int Segments = 6;
        await using var lab = await StartAsync();
        var explanations = Backends(lab).Select(ip => (Ip: ip, Explanation: Explanation.Start(lab, 3, ip, 30))).ToList();
        foreach (var (_, explanation) in explanations)
            await explanation.ObservesAsync();
        lab.Send($"invalid {Segments}");
        await lab.EventsAsync("invalid-segment", Segments);

        int checkedResets = 0;
        foreach (var (ip, explanation) in explanations)
        {
            var report = await explanation.ReportAsync();
            int resets = lab.Labels.Count(label => (string?)label["node"] == "node3" && (string?)label["reply"]!["src"] == ip);
            Assert.Equal(resets, (int)report["unNatedResets"]!);
            Assert.Equal(resets > 0 ? ["M1"] : [], Mechanisms(report));
            checkedResets += resets;
        }

        Assert.True(checkedResets > 0, "no segment went to the client on node3");
    }

    [Fact]
    public async Task EarlyExit_OnTheClientsNode_IsM3()
    {
        await using var lab = await StartAsync();
        var explanations = Backends(lab).Select(ip => (Ip: ip, Explanation: Explanation.Start(lab, 3, ip, 40))).ToList();
        foreach (var (_, explanation) in explanations)
            await explanation.ObservesAsync();
        lab.Send("rollout early-exit");
        await lab.EventsAsync("rollout-done", 1);

        int checkedResets = 0;
        foreach (var (ip, explanation) in explanations)
        {
            var report = await explanation.ReportAsync();
            int resets = lab.Labels.Count(label => (string?)label["node"] == "node3" && (string?)label["reply"]!["src"] == ip);
            checkedResets += resets;
            Assert.True(Mechanisms(report).SequenceEqual(resets > 0 ? ["M3"] : []), $"{resets} resets by {ip}: {report.ToJsonString()}");
        }

        Assert.True(checkedResets > 0, "no reset reached the client on node3");
    }

    [Fact]
    public async Task Blackhole_OnThePodsNodeAndOnAnother_IsM4_AndTheOtherPodsAreNot()
    {
        await using var lab = await StartAsync();
        lab.Send("rollout blackhole");
        await lab.EventsAsync("rollout-done", 1);
        string ip = (string)Assert.Single(lab.Events("vanished"))["ip"]!;
        await lab.HungAsync(ip);
        string alive = Backends(lab).Last(backend => backend != ip);

        var reports = await Task.WhenAll(
            ExplainAsync(lab, 3, ip, 20), ExplainAsync(lab, 1, ip, 20), ExplainAsync(lab, 3, alive, 20));

        Assert.True(Mechanisms(reports[0]).SequenceEqual(["M4"]), reports[0].ToJsonString());
        Assert.True(Mechanisms(reports[1]).SequenceEqual(["M4"]), reports[1].ToJsonString());
        Assert.Contains(reports[0]["verdicts"]![0]!["evidence"]!.AsArray(), reason => (string?)reason!["class"] == "packet direction");
        Assert.True(!Mechanisms(reports[2]).Contains("M4") && (int)reports[2]["answered"]! > 0, reports[2].ToJsonString());
    }

    /// <summary>No answer can come from where no packet arrives: explain does not wait for it.</summary>
    [Fact]
    public async Task DeadRoute_IsM4_LongBeforeTheEndOfTheObservation()
    {
        await using var lab = await StartAsync();
        string ip = Backends(lab)[0];
        using (var inside = NetworkNamespace.Open(lab.NodeNamespace(3)))
        {
            using var change = inside.Run(() => Process.Start("ip", ["route", "replace", "blackhole", ip]));
            await change.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, change.ExitCode);
        }

        var report = await ExplainAsync(lab, 3, ip, 60);

        Assert.True(Mechanisms(report).SequenceEqual(["M4"]) && (int)report["seconds"]! < 20, report.ToJsonString());
        Assert.Equal("mechanism.black_hole", (string?)report["verdicts"]![0]!["code"]);
        Assert.Contains(report["verdicts"]![0]!["evidence"]!.AsArray(), reason => (string?)reason!["class"] == "configuration");
    }

    private static async Task<RunningLab> StartAsync()
    {
        var lab = await RunningLab.StartAsync("--without-console", "--rollouts", "0", "--connections", "6");
        await lab.ConnectedAsync(Connections);
        return lab;
    }

    // Backends of the client on node3.
    private static string[] Backends(RunningLab lab) =>
        [.. lab.Events("client-connected").Where(line => (string?)line["node"] == "node3").Select(line => ((string)line["backend"]!).Split(':')[0]).Distinct()];

    private static IEnumerable<string> Mechanisms(JsonNode report) => report["verdicts"]!.AsArray().Select(verdict => (string)verdict!["mechanism"]!);

    private static Task<JsonNode> ExplainAsync(RunningLab lab, int node, string ip, int seconds) => Explanation.Start(lab, node, ip, seconds).ReportAsync();

    /// <summary>The program during its observation.</summary>
    private sealed class Explanation(Process process)
    {
        private string _errors = "";

        public static Explanation Start(RunningLab lab, int node, string ip, int seconds)
        {
            var start = new ProcessStartInfo(Programs.Collector, ["explain", "--pod-ip", ip, "--seconds", $"{seconds}", "--json"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var inside = NetworkNamespace.Open(lab.NodeNamespace(node));
            return new Explanation(inside.Run(() => Process.Start(start)!));
        }

        /// <summary>Waits until the program reports that it observes.</summary>
        public async Task ObservesAsync()
        {
            string line = await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) ?? "nothing";
            _errors += line + "\n";
            Assert.StartsWith("Observing ", line, StringComparison.Ordinal);
        }

        public async Task<JsonNode> ReportAsync()
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
