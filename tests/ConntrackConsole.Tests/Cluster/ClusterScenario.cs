using System.Text.Json;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Ownership;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackConsole.Tests.Cluster;

/// <summary>Applies objects, in the JSON of the API server, to a <see cref="ClusterState"/> one after the other.</summary>
internal sealed class ClusterScenario
{
    public static readonly DateTimeOffset Start = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    public FakeTimeProvider Clock { get; } = new(Start);

    public ClusterState State { get; }

    public ClusterScenario()
        : this(null)
    {
    }

    /// <param name="history">What an earlier run of the console saved.</param>
    public ClusterScenario(OwnershipHistory? history)
    {
        State = new ClusterState(Clock, history: history is null ? null : Copy(history));
        State.Watching();
    }

    private static OwnershipHistory Copy(OwnershipHistory saved)
    {
        var copy = new OwnershipHistory();
        copy.Restore(saved.OpenOwners, [], [], saved.WatchedUntilMs);
        return copy;
    }

    /// <summary>Marks everything applied so far as the first lists.</summary>
    public ClusterScenario Listed()
    {
        State.Confirm(Clock.GetUtcNow().ToUnixTimeMilliseconds());
        return this;
    }

    public static long At(double seconds) => (Start + TimeSpan.FromSeconds(seconds)).ToUnixTimeMilliseconds();

    /// <summary>A time in the format of the API server.</summary>
    public static string Time(double seconds) => (Start + TimeSpan.FromSeconds(seconds)).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

    public ClusterScenario Apply(double seconds, string kind, string json, bool deleted = false)
    {
        var at = Start + TimeSpan.FromSeconds(seconds);
        if (at > Clock.GetUtcNow())
            Clock.SetUtcNow(at);
        using var item = JsonDocument.Parse(json);
        if (WatchedKind.All.Single(k => k.Name == kind).Change(item.RootElement, deleted) is { } change)
            State.Apply([change]);
        return this;
    }

    /// <summary>The change that a pod's JSON represents.</summary>
    internal static IEnumerable<ClusterChange> Changes(string pod)
    {
        using var item = JsonDocument.Parse(pod);
        return WatchedKind.All.Single(k => k.Name == "pods").Change(item.RootElement, false) is { } change ? [change] : [];
    }

    public ClusterScenario Pod(double seconds, string pod, bool deleted = false) => Apply(seconds, "pods", pod, deleted);

    /// <param name="meta">Further fields of metadata, starting with a comma.</param>
    /// <param name="status">Fields of status, without braces.</param>
    public static string PodJson(string name, string? owner = "ReplicaSet", string meta = "", string status = "\"phase\":\"Running\"", int grace = 30, string hash = "aaa", string ip = "10.1.0.5") =>
        $$"""
        {"metadata":{"uid":"uid-{{name}}","namespace":"shop","name":"{{name}}","creationTimestamp":"{{Time(-600)}}","labels":{"pod-template-hash":"{{hash}}"}
        {{(owner is null ? "" : $",\"ownerReferences\":[{{\"kind\":\"{owner}\",\"name\":\"own-{hash}\",\"uid\":\"uid-own-{hash}\",\"controller\":true}}]")}}{{meta}}},
        "spec":{"nodeName":"node1","terminationGracePeriodSeconds":{{grace}},"containers":[{"name":"app"}]},
        "status":{"podIP":"{{ip}}",{{status}} } }
        """;

    public static string Deletion(double seconds, int grace) =>
        $",\"deletionTimestamp\":\"{Time(seconds + grace)}\",\"deletionGracePeriodSeconds\":{grace}";

    public static string Ended(string phase, int exit, string reason, double finished, string more = "") =>
        $"\"phase\":\"{phase}\"{more},\"containerStatuses\":[{{\"name\":\"app\",\"state\":{{\"terminated\":{{\"exitCode\":{exit},\"reason\":\"{reason}\",\"finishedAt\":\"{Time(finished)}\"}}}}}}]";

    public static string Disrupted(string reason) => $",\"conditions\":[{{\"type\":\"DisruptionTarget\",\"status\":\"True\",\"reason\":\"{reason}\"}}]";

    public static string Set(string hash, int revision, int want, int has, int ready = 0, double created = -600, string? history = null) =>
        $$$"""
        {"metadata":{"uid":"uid-own-{{{hash}}}","namespace":"shop","name":"own-{{{hash}}}","creationTimestamp":"{{{Time(created)}}}","generation":1,
        "annotations":{"deployment.kubernetes.io/revision":"{{{revision}}}"{{{(history is null ? "" : $",\"deployment.kubernetes.io/revision-history\":\"{history}\"")}}}},"labels":{"pod-template-hash":"{{{hash}}}"},
        "ownerReferences":[{"kind":"Deployment","name":"own","uid":"uid-own","controller":true}]},
        "spec":{"replicas":{{{want}}}},"status":{"replicas":{{{has}}},"readyReplicas":{{{ready}}},"availableReplicas":{{{ready}}},"observedGeneration":1}}
        """;

    public static string Deployment(int revision, int want, int has, int updated, int available, string progress = "ReplicaSetUpdated", int generation = 1, int? observed = null) =>
        $$$"""
        {"metadata":{"uid":"uid-own","namespace":"shop","name":"own","creationTimestamp":"{{{Time(-600)}}}","generation":{{{generation}}},
        "annotations":{"deployment.kubernetes.io/revision":"{{{revision}}}"}},"spec":{"replicas":{{{want}}}},
        "status":{"observedGeneration":{{{observed ?? generation}}},"replicas":{{{has}}},"updatedReplicas":{{{updated}}},"readyReplicas":{{{available}}},"availableReplicas":{{{available}}},
        "conditions":[{"type":"Progressing","status":"True","reason":"{{{progress}}}"}]}}
        """;

    public static string Event(string reason, string message, string kind, string name, double at, string uid = "e") =>
        $$$"""
        {"metadata":{"uid":"{{{uid}}}","namespace":"shop","name":"{{{name}}}.{{{uid}}}"},"involvedObject":{"kind":"{{{kind}}}","namespace":"shop","name":"{{{name}}}","uid":"uid-{{{name}}}"},
        "reason":"{{{reason}}}","message":"{{{message}}}","firstTimestamp":"{{{Time(at)}}}","lastTimestamp":"{{{Time(at)}}}","source":{"component":"x"}}
        """;

    /// <summary>A Deployment of three with one ReplicaSet, listed.</summary>
    public static ClusterScenario WithDeployment() => new ClusterScenario()
        .Apply(0, "deployments", Deployment(1, 3, 3, 3, 3, "NewReplicaSetAvailable"))
        .Apply(0, "replicasets", Set("aaa", 1, 3, 3, 3)).Pod(0, PodJson("p1")).Listed();
}
