using System.Text.Json.Nodes;
using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>Each scenario on the real kernel: what clients observe, what the labels contain, and what conntrack holds.</summary>
public sealed class ScenarioTests
{
    [Fact]
    public async Task Healthy_RollingUpdate_NoClientIsReset()
    {
        await using var lab = await StartAsync();
        lab.Send("rollout healthy");
        await lab.EventsAsync("rollout-done", 1);
        await lab.ConnectedAsync(2 * Connections); // each connection moved to a new pod

        Assert.Empty(lab.Labels);
        Assert.Empty(lab.Events("client-reset"));
        Assert.Empty(lab.Events("client-hung"));
        Assert.All(lab.Events("exited"), exited => Assert.Equal(0, (int?)exited["exitCode"]));
        Assert.Equal(3, lab.Events("deleted").Count);
    }

    [Fact]
    public async Task EarlyExit_RollingUpdate_EveryResetIsALabelOfM3()
    {
        await using var lab = await StartAsync();
        lab.Send("rollout early-exit");
        await lab.EventsAsync("rollout-done", 1);
        await lab.ConnectedAsync(2 * Connections);

        // A client with a SYN to a pod that has already exited is refused: that is a label too.
        int resets = Resets();
        var labels = await lab.LabelsAsync(resets);
        Assert.InRange(labels.Count, resets, Resets());
        Assert.True(labels.Count >= Connections, $"{labels.Count} resets");
        Assert.All(labels, label => Assert.Equal(("early-exit", "M3", "from-backend", 1), Fields(label)));
        Assert.All(lab.Events("exited"), exited => Assert.Equal(143, (int?)exited["exitCode"]));

        int Resets() => lab.Events("client-reset").Count + lab.Events("client-refused").Count;
    }

    [Fact]
    public async Task Blackhole_RollingUpdate_ClientsHangUntilTheEntriesAreDeleted()
    {
        await using var lab = await StartAsync();
        lab.Send("rollout blackhole");
        await lab.EventsAsync("rollout-done", 1);
        string ip = (string)Assert.Single(lab.Events("vanished"))["ip"]!;
        var hung = await lab.HungAsync(ip);
        Assert.Empty(lab.Events("client-reset"));
        Assert.All(await lab.LabelsAsync(hung.Count), label => Assert.Equal(("blackhole", "M4", "hang", 0), Fields(label)));
        string[] locals = [.. hung.Select(line => (string)line["local"]!)];
        Assert.Equal(["node1", "node3"], hung.Select(line => (string?)line["node"]).Distinct().Order());

        int connectedBefore = lab.Events("client-connected").Count;
        double flushed = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
        foreach (int node in new[] { 1, 2, 3 })
            await lab.ConntrackAsync(node, "-D", "-r", ip);
        double done = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;

        var resets = await lab.EventsAsync("client-reset", locals.Length);
        Assert.Equal(locals.Order(), resets.Select(line => (string)line["local"]!).Order());
        var again = await lab.EventsAsync("client-connected", connectedBefore + locals.Length);
        // The next retransmission comes at the latest after twice the time hung at the flush; the rest is for reconnecting,
        // and less than the interval to the retransmission after that.
        double began = hung.Min(line => (double)line["t"]! - (double)line["seconds"]!);
        Assert.InRange((double)again[connectedBefore + locals.Length - 1]["t"]!, flushed, done + (done - began) + 5);
        Assert.Equal(ip, Assert.Single(lab.Labels.Select(label => (string?)label["reply"]!["src"]).Distinct()));
    }

    [Fact]
    public async Task Invalid_EachSegment_CausesOneResetThatConntrackMarksInvalid()
    {
        const int Segments = 6;
        await using var lab = await StartAsync();
        int before = await InvalidAsync(lab);
        lab.Send($"invalid {Segments}");
        await lab.EventsAsync("invalid-segment", Segments);
        Assert.Equal(Segments, (await lab.LabelsAsync(Segments)).Count);
        Assert.All(lab.Labels, label => Assert.Equal(("invalid", "M1", "un-nated", 1), Fields(label)));
        // On the clients' nodes, and on the pod's if that is a different one: the segment and its reset.
        int nodes = lab.Labels.Sum(label => NodeOf(lab, (string)label["reply"]!["src"]!) == (string?)label["node"] ? 1 : 2);
        Assert.InRange(await InvalidAsync(lab) - before, nodes + Segments, 2 * nodes);
    }

    private const int Connections = 12; // of both clients

    private static async Task<RunningLab> StartAsync()
    {
        var lab = await RunningLab.StartAsync("--without-console", "--rollouts", "0", "--connections", "6");
        await lab.ConnectedAsync(Connections);
        return lab;
    }

    private static (string?, string?, string?, int) Fields(JsonNode label) =>
        ((string?)label["scenario"], (string?)label["mechanism"], (string?)label["kind"], (int)label["resets"]!);

    private static string? NodeOf(RunningLab lab, string ip) =>
        (string?)lab.Events("started").Last(line => (string?)line["ip"] == ip)["node"];

    // The sum of "invalid" of all CPUs and nodes.
    private static async Task<int> InvalidAsync(RunningLab lab)
    {
        int sum = 0;
        foreach (int node in new[] { 1, 2, 3 })
        {
            string output = await lab.ConntrackAsync(node, "-S");
            sum += System.Text.RegularExpressions.Regex.Matches(output, @"\binvalid=(\d+)").Sum(match => int.Parse(match.Groups[1].Value));
        }

        return sum;
    }
}
