using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>
/// A rollout in the lab produces the same changes as a real 1.36 control plane, in the same order and with the same fields.
/// The order below was recorded from a graceful rolling update of three pods behind a Service.
/// </summary>
public sealed class RolloutOrderTests
{
    [Fact]
    public async Task HealthyRollout_HasTheOrderOfARealControlPlane()
    {
        await using var lab = await RunningLab.StartAsync("--without-console", "--rollouts", "0");
        await using var cluster = new WatchedCluster((string)lab.Ready["kubeconfig"]!);
        await UntilAsync(cluster, lines => lines.Count(line => line is { Kind: "pods", Type: "ADDED" }) == 5
            && lines.Count(line => line is { Kind: "replicasets", Type: "ADDED" }) == 2
            && lines.Any(line => line.Kind == "endpointslices"));
        var before = cluster.Lines;
        var old = before.Where(line => line.Kind == "pods" && line.Name.StartsWith("checkout-", StringComparison.Ordinal)).Select(line => line.Name).ToList();
        string oldSet = before.Single(line => line.Kind == "replicasets" && line.Name.StartsWith("checkout-", StringComparison.Ordinal)).Name;

        lab.Send("rollout healthy");
        await lab.EventsAsync("rollout-done", 1);
        await UntilAsync(cluster, lines => lines.Count(line => line is { Kind: "pods", Type: "DELETED" }) == 3
            && (int?)lines.Last(line => line.Kind == "deployments").Object["status"]!["terminatingReplicas"] == 0
            && Endpoints(lines.Last(line => line.Kind == "endpointslices")).Count() == 3);
        var changes = cluster.Lines.Where(line => line.Version > before[^1].Version).ToList();

        // The Deployment's template first, then the ReplicaSet, its Event, the revision, and only then a pod.
        string newSet = changes.First(line => line is { Kind: "replicasets", Type: "ADDED" }).Name;
        InOrder(changes,
            line => line is { Kind: "deployments", Type: "MODIFIED" } && Generation(line) == 2 && Revision(line) == "1",
            line => line is { Kind: "replicasets", Type: "ADDED" } && (int?)line.Object["spec"]!["replicas"] == 1,
            line => IsEvent(line, "ScalingReplicaSet", $"Scaled up replica set {newSet} from 0 to 1"),
            line => line is { Kind: "deployments" } && Revision(line) == "2",
            line => line is { Kind: "pods", Type: "ADDED" },
            line => line is { Kind: "deployments" } && (int?)line.Object["status"]!["unavailableReplicas"] == 1);
        Assert.NotEqual(oldSet, newSet);

        foreach (string pod in changes.Where(line => line is { Kind: "pods", Type: "ADDED" }).Select(line => line.Name))
            AssertStarted(changes, pod, newSet);
        for (int i = 0; i < 3; i++)
            InOrder(changes, line => Scaled(line, oldSet, 2 - i), line => IsEvent(line, "ScalingReplicaSet", $"Scaled down replica set {oldSet} from {3 - i} to {2 - i}"));
        foreach (string pod in old)
            AssertTerminated(changes, pod, oldSet);

        var end = changes.Last(line => line.Kind == "deployments").Object["status"]!;
        Assert.Equal((3, 3, 3, 0), ((int)end["replicas"]!, (int)end["updatedReplicas"]!, (int)end["availableReplicas"]!, (int)end["terminatingReplicas"]!));
        Assert.Equal("NewReplicaSetAvailable", (string?)end["conditions"]!.AsArray().Single(condition => (string?)condition!["type"] == "Progressing")!["reason"]);
        AssertOnlyRealFields(cluster.Lines);
    }

    private static void AssertStarted(IReadOnlyList<WatchLine> changes, string pod, string set)
    {
        string ip = (string)changes.First(line => IsPod(line, pod) && line.Object["status"]!["podIP"] is not null).Object["status"]!["podIP"]!;
        InOrder(changes,
            line => IsPod(line, pod) && line.Type == "ADDED" && line.Object["spec"]!["nodeName"] is null,
            line => IsPod(line, pod) && line.Object["spec"]!["nodeName"] is not null && line.Object["status"]!["containerStatuses"] is null,
            line => IsEvent(line, "SuccessfulCreate", $"Created pod: {pod}"),
            line => IsPod(line, pod) && State(line, "waiting") && Condition(line, "PodReadyToStartContainers") == "False",
            line => IsEvent(line, "Scheduled", $"Successfully assigned shop/{pod} to ", pod) && (string?)line.Object["action"] == "Binding" && line.Object["count"] is null,
            line => IsEvent(line, "Pulled", "", pod),
            line => IsPod(line, pod) && State(line, "waiting") && Condition(line, "PodReadyToStartContainers") == "True",
            line => IsEvent(line, "Created", "Container created", pod),
            line => IsEvent(line, "Started", "Container started", pod),
            line => IsPod(line, pod) && State(line, "running") && Phase(line) == "Running" && Condition(line, "Ready") == "False",
            line => Endpoint(line, ip) == "FFF",
            line => IsPod(line, pod) && Condition(line, "Ready") == "True",
            line => line.Kind == "replicasets" && line.Name == set && (int?)line.Object["status"]!["readyReplicas"] > 0,
            line => Endpoint(line, ip) == "TTF");
    }

    private static void AssertTerminated(IReadOnlyList<WatchLine> changes, string pod, string set)
    {
        var deleted = changes.First(line => IsPod(line, pod) && line.Object["metadata"]!["deletionTimestamp"] is not null);
        string ip = (string)deleted.Object["status"]!["podIP"]!;
        // A deleted pod stays Running and Ready; its endpoint does not.
        Assert.Equal(("Running", "True"), (Phase(deleted), Condition(deleted, "Ready")));
        Assert.Equal(30, (int?)deleted.Object["metadata"]!["deletionGracePeriodSeconds"]);
        InOrder(changes,
            line => line == deleted,
            line => IsEvent(line, "Killing", "Stopping container app", pod),
            line => IsPod(line, pod) && (int?)line.Object["status"]!["observedGeneration"] == 2 && Phase(line) == "Running",
            line => IsPod(line, pod) && Phase(line) == "Succeeded" && State(line, "terminated") && Grace(line) == 30,
            // The final delete writes an earlier time with a grace period of 0.
            line => IsPod(line, pod) && Grace(line) == 0 && line.Type == "MODIFIED"
                && string.CompareOrdinal(DeletedAt(line), DeletedAt(deleted)) < 0,
            line => IsPod(line, pod) && line.Type == "DELETED");
        InOrder(changes,
            line => line == deleted,
            line => IsEvent(line, "SuccessfulDelete", $"Deleted pod: {pod}"),
            line => line.Kind == "replicasets" && line.Name == set && (int?)line.Object["status"]!["terminatingReplicas"] > 0);
        // Other controllers write the slice and the Events: their orders vary, as recorded (EndingOrder).
        InOrder(changes,
            line => Endpoint(line, ip) == "FTT",
            line => line.Kind == "endpointslices" && Endpoint(line, ip) is null);
        var ended = changes.First(line => IsPod(line, pod) && Phase(line) == "Succeeded");
        var state = ended.Object["status"]!["containerStatuses"]![0]!["state"]!["terminated"]!;
        Assert.Equal((0, "Completed"), ((int)state["exitCode"]!, (string?)state["reason"]));
        Assert.NotNull(state["finishedAt"]);
        var owner = ended.Object["metadata"]!["ownerReferences"]!.AsArray().Single()!;
        Assert.Equal(("ReplicaSet", set, true), ((string?)owner["kind"], (string?)owner["name"], (bool)owner["controller"]!));
    }

    // preStop.sleep is a field of 1.36, but the recorded pods did not use it.
    private static void AssertOnlyRealFields(IReadOnlyList<WatchLine> changes)
    {
        var real = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "fixtures", "kubernetes-1.36", "fields.json")))!;
        foreach (var kind in changes.Where(line => line.Type != "BOOKMARK").GroupBy(line => line.Kind))
        {
            var known = real[kind.Key]!.AsArray().Select(path => (string)path!).ToHashSet();
            var fields = new SortedSet<string>(StringComparer.Ordinal);
            foreach (var line in kind)
                Collect(line.Object, "", fields);
            Assert.Empty(fields.Where(path => !known.Contains(path) && !path.Contains(".preStop.sleep", StringComparison.Ordinal)).Select(path => $"{kind.Key}: {path}"));
        }
    }

    private static void Collect(JsonNode? node, string path, SortedSet<string> fields)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array)
                Collect(item, path + "[]", fields);
        }

        foreach (var (name, value) in node as JsonObject ?? [])
        {
            string field = path.Length == 0 ? name : $"{path}.{name}";
            fields.Add(field);
            if (name is not ("labels" or "annotations" or "matchLabels") && (field != "spec.selector" || value?["matchLabels"] is not null))
                Collect(value, field, fields);
        }
    }

    // Each step is searched after the one before it.
    private static void InOrder(IReadOnlyList<WatchLine> changes, params Func<WatchLine, bool>[] steps)
    {
        int at = 0;
        for (int step = 0; step < steps.Length; step++)
        {
            while (at < changes.Count && !steps[step](changes[at]))
                at++;
            Assert.True(at < changes.Count, $"Step {step + 1} of {steps.Length} was not found after the step before it.");
            at++;
        }
    }

    private static Task UntilAsync(WatchedCluster cluster, Func<IReadOnlyList<WatchLine>, bool> wanted, [CallerArgumentExpression(nameof(wanted))] string expression = "") =>
        Eventually.TrueAsync(() => wanted(cluster.Lines), expression: expression);

    private static bool IsPod(WatchLine line, string name) => line.Kind == "pods" && line.Name == name;

    private static bool IsEvent(WatchLine line, string reason, string message, string? about = null) => line.Kind == "events"
        && (string?)line.Object["reason"] == reason
        && ((string)line.Object["message"]!).Contains(message, StringComparison.Ordinal)
        && (about is null || (string?)line.Object["involvedObject"]!["name"] == about);

    private static bool Scaled(WatchLine line, string set, int to) =>
        line.Kind == "replicasets" && line.Name == set && (int?)line.Object["spec"]!["replicas"] == to;

    private static IEnumerable<JsonNode> Endpoints(WatchLine slice) => (slice.Object["endpoints"] as JsonArray ?? []).Select(endpoint => endpoint!);

    private static string? Endpoint(WatchLine line, string ip) => line.Kind != "endpointslices" ? null : Endpoints(line)
        .Where(endpoint => (string?)endpoint["addresses"]![0] == ip)
        .Select(endpoint => string.Concat(new[] { "ready", "serving", "terminating" }.Select(name => (bool)endpoint["conditions"]![name]! ? 'T' : 'F')))
        .FirstOrDefault();

    private static int? Generation(WatchLine line) => (int?)line.Object["metadata"]!["generation"];

    private static string? Revision(WatchLine line) => (string?)line.Object["metadata"]!["annotations"]?["deployment.kubernetes.io/revision"];

    private static string? Phase(WatchLine line) => (string?)line.Object["status"]!["phase"];

    private static int? Grace(WatchLine line) => (int?)line.Object["metadata"]!["deletionGracePeriodSeconds"];

    private static string? DeletedAt(WatchLine line) => (string?)line.Object["metadata"]!["deletionTimestamp"];

    private static bool State(WatchLine line, string state) => line.Object["status"]!["containerStatuses"]?[0]!["state"]![state] is not null;

    private static string? Condition(WatchLine line, string type) => (string?)(line.Object["status"]!["conditions"] as JsonArray)?
        .FirstOrDefault(condition => (string?)condition!["type"] == type)?["status"];
}
