using System.Net.Sockets;
using System.Text.RegularExpressions;
using ConntrackConsole.Kernel.Namespaces;
using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>Faults that change a whole node, one after the other, and what only looks like a fault.</summary>
public sealed class NodeFaultTests
{
    [Fact]
    public async Task DroppedInvalid_TheRuleCountsTheSegments_AndNoClientResets()
    {
        await using var lab = await RunningLab.StartAsync("--without-console", "--rollouts", "0", "--connections", "1");
        using var far = await NodeRecord.StartAsync(lab, 3);
        lab.Send("scenario dropped-invalid");
        List<Labelled> labels = [];
        await Eventually.TrueAsync(() => (labels = Labels(lab, "dropped-invalid")).Count >= 8, RunningLab.StepTimeout, () => lab.Output);

        Assert.All(labels, label => Assert.Equal(("M1b", "mechanism.invalid_dropped"), (label.Mechanism, label.Code)));
        Assert.All(labels, label => Assert.Empty(far.Resets(label.Client, label.Port)));
        int dropped = 0;
        foreach (int node in (int[])[1, 2])
        {
            using var inside = NetworkNamespace.Open(lab.NodeNamespace(node));
            dropped += inside.Run(() =>
            {
                // A socket belongs to the namespace of the thread that creates it.
                using var proxy = new TcpClient("127.0.0.1", 10249);
                proxy.GetStream().Write("GET /metrics HTTP/1.0\r\n\r\n"u8);
                string metrics = new StreamReader(proxy.GetStream()).ReadToEnd();
                return int.Parse(Regex.Match(metrics, @"^kubeproxy_iptables_ct_state_invalid_dropped_packets_total (\d+)", RegexOptions.Multiline).Groups[1].Value);
            });
        }

        Assert.True(dropped >= labels.Count, $"{dropped} dropped, {labels.Count} labels");
    }

    [Fact]
    public async Task ProxyLagAndNodeLoss_ClientsOfTheRemovedPodAndOfTheLostNodeWait()
    {
        await using var lab = await RunningLab.StartAsync("--without-console", "--rollouts", "0", "--connections", "4");
        await lab.ConnectedAsync(8);
        using var far = await NodeRecord.StartAsync(lab, 3);
        lab.Send("scenario proxy-lag");
        var removed = await lab.EventAsync("endpoint-removed", line => ((string)line["pod"]!).StartsWith("proxy-lag-", StringComparison.Ordinal));
        await lab.EventAsync("scenario-done", line => (string?)line["scenario"] == "proxy-lag");
        var lagged = Labels(lab, "proxy-lag");

        // SYNs that were sent after the endpoint had left the slices, and after every other node had followed.
        var late = lagged.FindAll(label => (double)label.Label["since"]! > (double)removed["t"]! + 2 && label.Backend.Length > 0);
        Assert.NotEmpty(late);
        Assert.All(late, label =>
        {
            Assert.Equal(("M6", "mechanism.proxy_lagged", (string)removed["ip"]!), (label.Mechanism, label.Code, label.Backend));
            var first = far.Entry(label.Client, label.Port, label.Vip)[0];
            Assert.True(first.Contains("[NEW]", StringComparison.Ordinal) && first.Contains($" src={label.Backend} ", StringComparison.Ordinal), first);
        });

        lab.Send("scenario node-loss");
        var lost = await lab.EventAsync("node-lost", _ => true);
        List<Labelled> hung = [];
        await Eventually.TrueAsync(() => (hung = Labels(lab, "node-loss")).Count >= 2, RunningLab.StepTimeout, () => lab.Output);
        Assert.All(hung, label => Assert.Equal(("M4", "mechanism.black_hole"), (label.Mechanism, label.Code)));
        string[] pods = [.. lab.Events("started").Where(line => (string?)line["node"] == (string?)lost["node"]).Select(line => (string)line["ip"]!)];
        Assert.All(hung, label => Assert.Contains(label.Backend, pods));
        Assert.Empty(lab.Events("client-reset"));
    }

    [Fact]
    public async Task PortClash_TheKernelFailsToInsertAnEntry_AndTheRepeatedSynHasTheFirst()
    {
        await using var lab = await RunningLab.StartAsync("--without-console", "--rollouts", "0", "--connections", "1");
        using var far = await NodeRecord.StartAsync(lab, 3);
        lab.Send("scenario port-clash");
        await lab.EventAsync("scenario-done", line => (string?)line["scenario"] == "port-clash");
        var labels = Labels(lab, "port-clash").FindAll(label => label.Mechanism.Length > 0);

        Assert.NotEmpty(labels);
        Assert.All(labels, label => Assert.Equal(("M12", "mechanism.port_clash", "late-connect"), (label.Mechanism, label.Code, (string)label.Label["kind"]!)));
        Assert.All(labels, label =>
        {
            var begun = far.Entry(label.Client, label.Port, label.Vip).Where(line => line.Contains("[NEW]", StringComparison.Ordinal)).ToList();
            // The dropped SYN had none. Translated at both ends: the answer goes to the node.
            Assert.Contains($" src={label.Backend} ", Assert.Single(begun), StringComparison.Ordinal);
            Assert.True(Regex.Count(begun[0], $" (src|dst)={Regex.Escape(label.Client)} ") == 1, string.Join("\n", begun));
        });
        using var inside = NetworkNamespace.Open(lab.NodeNamespace(3));
        string[] counters = inside.Run(() => File.ReadAllLines("/proc/thread-self/net/stat/nf_conntrack"));
        int column = Array.IndexOf(counters[0].Split(' ', StringSplitOptions.RemoveEmptyEntries), "insert_failed");
        Assert.True(counters.Skip(1).Sum(line => Convert.ToInt64(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[column], 16)) >= labels.Count, string.Join('\n', counters));
        Assert.DoesNotContain("lab_port_clash", inside.Run(() => Tables()), StringComparison.Ordinal);
    }

    private static string Tables()
    {
        using var nft = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("nft", "list tables") { RedirectStandardOutput = true })!;
        string tables = nft.StandardOutput.ReadToEnd();
        nft.WaitForExit();
        return tables;
    }

    [Fact]
    public async Task LookAlikes_NoPodResetsAClient_AndNoLabelHasAMechanism()
    {
        string[] scenarios = ["client-aborts", "port-scan", "short-connections", "probes", "pod-as-client", "host-network", "scaled-to-zero"];
        await using var lab = await RunningLab.StartAsync("--without-console", "--rollouts", "0", "--connections", "1");
        using var far = await NodeRecord.StartAsync(lab, 3);
        foreach (string scenario in scenarios)
            lab.Send($"scenario {scenario}");
        await lab.EventsAsync("scenario-done", scenarios.Length);

        Assert.All(lab.Labels, label => Assert.Null(label["mechanism"]));
        Assert.Equal(["client-aborts", "port-scan"], lab.Labels.Select(label => (string)label["scenario"]!).Distinct().Order());
        Assert.All(Labels(lab, "client-aborts"), label => Assert.Contains("ClientAbort", far.Resets(label.Client, label.Port)));
        Assert.Empty(lab.Events("client-reset"));
        Assert.Empty(lab.Events("client-hung"));
    }

    private static List<Labelled> Labels(RunningLab lab, string scenario) =>
        [.. lab.Labels.Where(label => (string?)label["scenario"] == scenario).Select(label => new Labelled(label))];
}
