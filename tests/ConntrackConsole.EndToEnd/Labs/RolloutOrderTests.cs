using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>
/// The lab tells a rollout as a real 1.36 control plane does: which line comes before which, and with which fields.
/// The order below was read from a graceful rolling update of three pods behind a Service.
/// </summary>
public sealed class RolloutOrderTests
{
    [Fact]
    public async Task HealthyRollout_IsToldInTheOrderOfARealControlPlane()
    {
        await using var lab = await RunningLab.StartAsync("--without-console", "--rollouts", "0");
        await using var cluster = new ToldCluster((string)lab.Ready["kubeconfig"]!);
        await UntilAsync(cluster, lines => lines.Count(line => line is { Kind: "pods", Type: "ADDED" }) == 5
            && lines.Count(line => line is { Kind: "replicasets", Type: "ADDED" }) == 2
            && lines.Any(line => line.Kind == "endpointslices"));
        var before = cluster.Lines;
        var old = before.Where(line => line.Kind == "pods" && line.Name.StartsWith("checkout-", StringComparison.Ordinal)).Select(line => line.Name).ToList();
        string oldSet = before.Single(line => line.Kind == "replicasets" && line.Name.StartsWith("checkout-", StringComparison.Ordinal)).Name;

        lab.Tell("rollout healthy");
        await lab.EventsAsync("rollout-done", 1);
        await UntilAsync(cluster, lines => lines.Count(line => line is { Kind: "pods", Type: "DELETED" }) == 3
            && (int?)lines.Last(line => line.Kind == "deployments").Object["status"]!["terminatingReplicas"] == 0
            && Endpoints(lines.Last(line => line.Kind == "endpointslices")).Count() == 3);
        var told = cluster.Lines.Where(line => line.Version > before[^1].Version).ToList();

        // The Deployment's template first, then the ReplicaSet, its Event, the revision, and only then a pod.
        string newSet = told.First(line => line is { Kind: "replicasets", Type: "ADDED" }).Name;
        InOrder(told,
            line => line is { Kind: "deployments", Type: "MODIFIED" } && Generation(line) == 2 && Revision(line) == "1",
            line => line is { Kind: "replicasets", Type: "ADDED" } && (int?)line.Object["spec"]!["replicas"] == 1,
            line => IsEvent(line, "ScalingReplicaSet", $"Scaled up replica set {newSet} from 0 to 1"),
            line => line is { Kind: "deployments" } && Revision(line) == "2",
            line => line is { Kind: "pods", Type: "ADDED" },
            line => line is { Kind: "deployments" } && (int?)line.Object["status"]!["unavailableReplicas"] == 1);
        Assert.NotEqual(oldSet, newSet);

        foreach (string pod in told.Where(line => line is { Kind: "pods", Type: "ADDED" }).Select(line => line.Name))
            ComesUp(told, pod, newSet);
        for (int i = 0; i < 3; i++)
            InOrder(told, line => Scaled(line, oldSet, 2 - i), line => IsEvent(line, "ScalingReplicaSet", $"Scaled down replica set {oldSet} from {3 - i} to {2 - i}"));
        foreach (string pod in old)
            GoesDown(told, pod, oldSet);

        var end = told.Last(line => line.Kind == "deployments").Object["status"]!;
        Assert.Equal((3, 3, 3, 0), ((int)end["replicas"]!, (int)end["updatedReplicas"]!, (int)end["availableReplicas"]!, (int)end["terminatingReplicas"]!));
        Assert.Equal("NewReplicaSetAvailable", (string?)end["conditions"]!.AsArray().Single(condition => (string?)condition!["type"] == "Progressing")!["reason"]);
        NoFieldThatARealOneLacks(cluster.Lines);
    }

    private static void ComesUp(IReadOnlyList<ToldLine> told, string pod, string set)
    {
        string ip = (string)told.First(line => IsPod(line, pod) && line.Object["status"]!["podIP"] is not null).Object["status"]!["podIP"]!;
        InOrder(told,
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

    private static void GoesDown(IReadOnlyList<ToldLine> told, string pod, string set)
    {
        var asked = told.First(line => IsPod(line, pod) && line.Object["metadata"]!["deletionTimestamp"] is not null);
        string ip = (string)asked.Object["status"]!["podIP"]!;
        // A deleted pod stays Running and Ready; its endpoint does not.
        Assert.Equal(("Running", "True"), (Phase(asked), Condition(asked, "Ready")));
        Assert.Equal(30, (int?)asked.Object["metadata"]!["deletionGracePeriodSeconds"]);
        InOrder(told,
            line => line == asked,
            line => IsEvent(line, "Killing", "Stopping container app", pod),
            line => Endpoint(line, ip) == "FTT",
            line => IsEvent(line, "SuccessfulDelete", $"Deleted pod: {pod}"),
            line => line.Kind == "replicasets" && line.Name == set && (int?)line.Object["status"]!["terminatingReplicas"] > 0,
            line => IsPod(line, pod) && (int?)line.Object["status"]!["observedGeneration"] == 2 && Phase(line) == "Running",
            line => IsPod(line, pod) && Phase(line) == "Succeeded" && State(line, "terminated") && Grace(line) == 30,
            // The last delete writes an earlier time with no grace.
            line => IsPod(line, pod) && Grace(line) == 0 && line.Type == "MODIFIED"
                && string.CompareOrdinal(DeletedAt(line), DeletedAt(asked)) < 0,
            line => IsPod(line, pod) && line.Type == "DELETED");
        // The endpoint leaves when the containers have ended: mostly before the object, sometimes after it.
        var ended = told.First(line => IsPod(line, pod) && Phase(line) == "Succeeded");
        var removed = told.First(line => line.Kind == "endpointslices" && line.Version > asked.Version && Endpoint(line, ip) is null);
        Assert.True(removed.Version > ended.Version, $"{pod}'s endpoint left the slice before its containers ended.");
        var state = ended.Object["status"]!["containerStatuses"]![0]!["state"]!["terminated"]!;
        Assert.Equal((0, "Completed"), ((int)state["exitCode"]!, (string?)state["reason"]));
        Assert.NotNull(state["finishedAt"]);
        var owner = ended.Object["metadata"]!["ownerReferences"]!.AsArray().Single()!;
        Assert.Equal(("ReplicaSet", set, true), ((string?)owner["kind"], (string?)owner["name"], (bool)owner["controller"]!));
    }

    // preStop.sleep is a field of 1.36, only not one that the recorded pods used.
    private static void NoFieldThatARealOneLacks(IReadOnlyList<ToldLine> told)
    {
        var real = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "fixtures", "kubernetes-1.36", "fields.json")))!;
        foreach (var kind in told.Where(line => line.Type != "BOOKMARK").GroupBy(line => line.Kind))
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

    // Each line is looked for behind the one before it.
    private static void InOrder(IReadOnlyList<ToldLine> told, params Func<ToldLine, bool>[] steps)
    {
        int at = 0;
        for (int step = 0; step < steps.Length; step++)
        {
            while (at < told.Count && !steps[step](told[at]))
                at++;
            Assert.True(at < told.Count, $"Step {step + 1} of {steps.Length} is not told after the step before it.");
            at++;
        }
    }

    private static Task UntilAsync(ToldCluster cluster, Func<IReadOnlyList<ToldLine>, bool> wanted, [CallerArgumentExpression(nameof(wanted))] string expression = "") =>
        Eventually.TrueAsync(() => wanted(cluster.Lines), expression: expression);

    private static bool IsPod(ToldLine line, string name) => line.Kind == "pods" && line.Name == name;

    private static bool IsEvent(ToldLine line, string reason, string message, string? about = null) => line.Kind == "events"
        && (string?)line.Object["reason"] == reason
        && ((string)line.Object["message"]!).Contains(message, StringComparison.Ordinal)
        && (about is null || (string?)line.Object["involvedObject"]!["name"] == about);

    private static bool Scaled(ToldLine line, string set, int to) =>
        line.Kind == "replicasets" && line.Name == set && (int?)line.Object["spec"]!["replicas"] == to;

    private static IEnumerable<JsonNode> Endpoints(ToldLine slice) => (slice.Object["endpoints"] as JsonArray ?? []).Select(endpoint => endpoint!);

    private static string? Endpoint(ToldLine line, string ip) => line.Kind != "endpointslices" ? null : Endpoints(line)
        .Where(endpoint => (string?)endpoint["addresses"]![0] == ip)
        .Select(endpoint => string.Concat(new[] { "ready", "serving", "terminating" }.Select(name => (bool)endpoint["conditions"]![name]! ? 'T' : 'F')))
        .FirstOrDefault();

    private static int? Generation(ToldLine line) => (int?)line.Object["metadata"]!["generation"];

    private static string? Revision(ToldLine line) => (string?)line.Object["metadata"]!["annotations"]?["deployment.kubernetes.io/revision"];

    private static string? Phase(ToldLine line) => (string?)line.Object["status"]!["phase"];

    private static int? Grace(ToldLine line) => (int?)line.Object["metadata"]!["deletionGracePeriodSeconds"];

    private static string? DeletedAt(ToldLine line) => (string?)line.Object["metadata"]!["deletionTimestamp"];

    private static bool State(ToldLine line, string state) => line.Object["status"]!["containerStatuses"]?[0]!["state"]![state] is not null;

    private static string? Condition(ToldLine line, string type) => (string?)(line.Object["status"]!["conditions"] as JsonArray)?
        .FirstOrDefault(condition => (string?)condition!["type"] == type)?["status"];
}
