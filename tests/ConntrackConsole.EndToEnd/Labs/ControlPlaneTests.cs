using System.Text.Json.Nodes;
using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>What a real 1.36 control plane does outside rollouts, in the order of its recordings.</summary>
public sealed class ControlPlaneTests
{
    private const string Gc = "DeletionByPodGC";

    [Fact]
    public async Task NodeThenNamespaceDeleted_HaveTheOrderOfARealControlPlane()
    {
        await using var lab = await RunningLab.StartAsync("--without-console", "--rollouts", "0");
        await using var cluster = new WatchedCluster((string)lab.Ready["kubeconfig"]!);
        await UntilAsync(cluster, lines => lines.Count(line => line is { Kind: "pods", Type: "ADDED" }) == 5);

        lab.Send("delete-node");
        await UntilAsync(cluster, lines => lines.Any(line => line is { Kind: "pods", Type: "DELETED" })
            && lines.Where(line => line.Kind == "pods").GroupBy(line => line.Name).Count(pod => IsReady(pod.Last())) == 5);
        var orphan = cluster.Lines.Where(line => line.Kind == "pods").GroupBy(line => line.Name).Single(pod => pod.Last().Type == "DELETED").ToList();
        // The phase first, then the deletion, without a grace period; nothing is known of its containers, and no kubelet stops them.
        var (failed, marked, gone) = (orphan[^3], orphan[^2], orphan[^1]);
        Assert.Equal(("Failed", true), ((string)failed.Object["status"]!["phase"]!, failed.Object["metadata"]!["deletionTimestamp"] is null));
        Assert.Equal(0, (int)marked.Object["metadata"]!["deletionGracePeriodSeconds"]!);
        Assert.All((WatchLine[])[failed, marked, gone], line => Assert.Contains(
            line.Object["status"]!["conditions"]!.AsArray(), c => (string?)c!["type"] == "DisruptionTarget" && (string?)c["reason"] == Gc));
        Assert.NotNull(gone.Object["status"]!["containerStatuses"]![0]!["state"]!["running"]);
        Assert.DoesNotContain(cluster.Lines, line => line.Kind == "events" && (string?)line.Object["reason"] == "Killing");

        lab.Send("delete-namespace");
        await UntilAsync(cluster, lines => lines.Any(line => line is { Kind: "services", Type: "DELETED" }));
        var all = cluster.Lines;
        long asked = all.First(line => line.Kind == "pods" && line.Version > gone.Version && line.Object["metadata"]!["deletionTimestamp"] is not null).Version;
        long last = all.Last(line => line is { Kind: "pods", Type: "DELETED" }).Version;
        Assert.Equal(6, all.Count(line => line is { Kind: "pods", Type: "DELETED" }));
        // Nothing else goes before the last pod, and nothing can be reported.
        Assert.All(all.Where(line => line is { Type: "DELETED", Kind: not ("pods" or "nodes") }), line => Assert.True(line.Version > last, $"{line.Kind} {line.Name}"));
        Assert.Contains(all, line => line is { Kind: "deployments", Type: "DELETED" });
        Assert.Contains(all, line => line is { Kind: "replicasets", Type: "DELETED" });
        Assert.DoesNotContain(all, line => line.Kind == "events" && line.Version > asked);
    }

    [Fact]
    public async Task BadImageUndone_TheUnstartedPodEndsWithAnUnknownStatus()
    {
        await using var lab = await RunningLab.StartAsync("--without-console", "--rollouts", "0");
        await using var cluster = new WatchedCluster((string)lab.Ready["kubeconfig"]!);
        await UntilAsync(cluster, lines => lines.Count(line => line is { Kind: "pods", Type: "ADDED" }) == 5);

        lab.Send("bad-image");
        await UntilAsync(cluster, lines => lines.Any(line => line is { Kind: "pods", Type: "DELETED" }));

        var gone = cluster.Lines.Single(line => line is { Kind: "pods", Type: "DELETED" });
        var state = gone.Object["status"]!["containerStatuses"]![0]!["state"]!["terminated"]!;
        Assert.Equal((137, "ContainerStatusUnknown"), ((int)state["exitCode"]!, (string)state["reason"]!));
        Assert.Equal(3, cluster.Lines.Where(line => line.Kind == "pods" && line.Name.StartsWith("checkout-", StringComparison.Ordinal)).GroupBy(line => line.Name).Count(pod => IsReady(pod.Last())));
    }

    [Fact]
    public async Task StatefulSet_Restarted_ReplacesItsPodsUnderTheirNames()
    {
        await using var lab = await RunningLab.StartAsync("--without-console", "--rollouts", "0");
        await using var cluster = new WatchedCluster((string)lab.Ready["kubeconfig"]!);
        lab.Send("statefulset 2");
        await UntilAsync(cluster, lines => lines.Any(line => line is { Kind: "pods", Name: "db-1" } && IsReady(line)));
        lab.Send("statefulset restart");
        await UntilAsync(cluster, lines => lines.Count(line => line is { Kind: "pods", Name: "db-0", Type: "ADDED" }) == 2);
        Assert.Equal(["db-1", "db-0"], cluster.Lines.Where(line => line is { Kind: "pods", Type: "DELETED" }).Select(line => line.Name));
        Assert.Contains(cluster.Lines, line => line.Kind == "events" && (string?)line.Object["message"] == "Delete Pod db-0 in StatefulSet db successful");
    }

    [Fact]
    public async Task Probes_LeaveTimeWaitEntriesOnThePodsNode()
    {
        await using var lab = await RunningLab.StartAsync("--without-console", "--rollouts", "0", "--probes");
        await Eventually.TrueAsync(async () => (await lab.ConntrackAsync(2, "-L", "-p", "tcp", "--state", "TIME_WAIT")).Split('\n').Count(line => line.Contains("dport=8080")) >= 5,
            RunningLab.StepTimeout, () => lab.Output);
    }

    private static bool IsReady(WatchLine pod) => pod.Type != "DELETED"
        && (pod.Object["status"]!["conditions"] as JsonArray ?? []).Any(c => (string?)c!["type"] == "Ready" && (string?)c["status"] == "True");

    private static Task UntilAsync(WatchedCluster cluster, Func<IReadOnlyList<WatchLine>, bool> condition) =>
        Eventually.TrueAsync(() => condition(cluster.Lines), RunningLab.StepTimeout, () => string.Join('\n', cluster.Lines.TakeLast(20).Select(line => $"{line.Kind} {line.Type} {line.Name}")));
}
