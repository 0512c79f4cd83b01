using System.Text.Json.Nodes;

namespace ConntrackConsole.Lab.Cluster;

/// <summary>A pod object from creation to deletion; the fields and the order of their changes are those of a real 1.36 cluster.</summary>
internal sealed class PodObject
{
    private static readonly string[] ConditionTypes = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

    private readonly ObjectStore _store;
    private readonly string _node;
    private readonly string _nodeAddress;
    private readonly JsonObject _status = new() { ["phase"] = "Pending", ["qosClass"] = "BestEffort" };
    private DateTimeOffset _startedAt;
    private string? _containerId;
    private int _observed;

    public PodObject(
        ObjectStore store, string space, string app, string hash, string node, string nodeAddress, int containerPort, int preStopSeconds,
        JsonObject? owner = null, string? name = null, PodTraits? traits = null)
    {
        _store = store;
        Name = name ?? $"{app}-{hash}-{Metadata.Suffix(5)}";
        _node = node;
        _nodeAddress = nodeAddress;
        var metadata = Metadata.Create(Name, space, new JsonObject { ["app"] = app, ["pod-template-hash"] = hash });
        metadata["generateName"] = $"{app}-{hash}-";
        metadata["generation"] = 1;
        if (owner?["spec"]!["template"]!["metadata"]!["annotations"] is { } annotations)
            metadata["annotations"] = annotations.DeepClone();
        if (owner is not null)
            metadata["ownerReferences"] = new JsonArray(Metadata.Owner(owner));
        Json = new JsonObject
        {
            ["kind"] = "Pod",
            ["apiVersion"] = "v1",
            ["metadata"] = metadata,
            ["spec"] = PodTemplate.Spec(app, containerPort, preStopSeconds, traits),
            ["status"] = _status,
        };
    }

    public string Name { get; }

    public JsonObject Json { get; }

    public string Image => (string)Json["spec"]!["containers"]![0]!["image"]!;

    /// <summary>terminationGracePeriodSeconds.</summary>
    public int Grace => (int)Json["spec"]!["terminationGracePeriodSeconds"]!;

    /// <summary>The version stored last.</summary>
    public long Version { get; private set; }

    public JsonObject Meta => Json["metadata"]!.AsObject();

    public void Add() => Put();

    public void Scheduled()
    {
        Json["spec"]!["nodeName"] = _node;
        Condition("PodScheduled", true);
        Put();
    }

    public void Creating()
    {
        _status["hostIP"] = _nodeAddress;
        _status["hostIPs"] = new JsonArray(new JsonObject { ["ip"] = _nodeAddress });
        _status["startTime"] = Metadata.Stamp(DateTimeOffset.UtcNow);
        Observe(1);
        foreach (string type in ConditionTypes)
            Condition(type, type is "Initialized" or "PodScheduled");
        Why("ContainersNotReady", "containers with unready status: [app]", "Ready", "ContainersReady");
        Container(new JsonObject { ["waiting"] = new JsonObject { ["reason"] = "ContainerCreating" } }, ready: false);
        Put();
    }

    /// <summary>Its image cannot be pulled: it waits.</summary>
    public void ImageMissing()
    {
        Container(new JsonObject { ["waiting"] = new JsonObject { ["reason"] = "ImagePullBackOff", ["message"] = $"Back-off pulling image \"{Image}\"" } }, ready: false);
        Put();
    }

    public void SandboxReady()
    {
        Condition("PodReadyToStartContainers", true);
        Put();
    }

    public void Running(string ip)
    {
        _startedAt = DateTimeOffset.UtcNow;
        _containerId = $"conntrack-lab://{Guid.NewGuid():N}{Guid.NewGuid():N}";
        _status["phase"] = "Running";
        _status["podIP"] = ip;
        _status["podIPs"] = new JsonArray(new JsonObject { ["ip"] = ip });
        Container(new JsonObject { ["running"] = new JsonObject { ["startedAt"] = Metadata.Stamp(_startedAt) } }, ready: false);
        Put();
    }

    public void Ready()
    {
        Condition("Ready", true);
        Condition("ContainersReady", true);
        Why(null, null, "Ready", "ContainersReady");
        _status["containerStatuses"]![0]!["ready"] = true;
        Put();
    }

    /// <summary>Deleted by its owner: the pod stays Running and Ready, with a deadline for its end.</summary>
    public void Terminating()
    {
        Meta["deletionTimestamp"] = Metadata.Stamp(DateTimeOffset.UtcNow.AddSeconds(Grace));
        Meta["deletionGracePeriodSeconds"] = Grace;
        Meta["generation"] = 2;
        Put();
    }

    /// <summary>The kubelet has observed the deletion.</summary>
    public void TerminationObserved()
    {
        Observe(2);
        Put();
    }

    public void Ended(int exitCode)
    {
        _status["phase"] = exitCode == 0 ? "Succeeded" : "Failed";
        Container(new JsonObject
        {
            ["terminated"] = new JsonObject
            {
                ["exitCode"] = exitCode,
                ["reason"] = exitCode == 0 ? "Completed" : "Error",
                ["startedAt"] = Metadata.Stamp(_startedAt),
                ["finishedAt"] = Metadata.Stamp(DateTimeOffset.UtcNow),
                ["containerID"] = _containerId,
            },
        }, ready: false);
        foreach (string type in new[] { "PodReadyToStartContainers", "Ready", "ContainersReady" })
            Condition(type, false);
        Why(exitCode == 0 ? "PodCompleted" : "PodFailed", null, exitCode == 0 ? ["Initialized", "Ready", "ContainersReady"] : ["Ready", "ContainersReady"]);
        Put();
    }

    /// <summary>Its containers never started, and the kubelet does not know how they ended: exit code 137, not "no status".</summary>
    public void EndedUnstarted()
    {
        _status["phase"] = "Failed";
        Container(new JsonObject
        {
            ["terminated"] = new JsonObject
            {
                ["exitCode"] = 137,
                ["reason"] = "ContainerStatusUnknown",
                ["message"] = "The container could not be located when the pod was terminated",
                ["startedAt"] = null,
                ["finishedAt"] = null,
            },
        }, ready: false);
        Put();
    }

    /// <summary>
    /// The garbage collection of pods on a deleted node: the phase first, with the reason, and only then the deletion, without a
    /// grace period; no kubelet reports anything.
    /// </summary>
    public void MarkOrphaned()
    {
        _status["phase"] = "Failed";
        Condition("DisruptionTarget", true);
        Why("DeletionByPodGC", "PodGC: node no longer exists", "DisruptionTarget");
        Put();
    }

    public void DeleteOrphaned()
    {
        Meta["deletionTimestamp"] = Metadata.Stamp(DateTimeOffset.UtcNow);
        Meta["deletionGracePeriodSeconds"] = 0;
        Meta["generation"] = 2;
        Put();
        _store.Delete("pods", Json);
    }

    /// <summary>The kubelet's final delete: the deletion time is rewritten, to an earlier time, with a grace period of 0; then the object is removed.</summary>
    public void Delete()
    {
        Meta["deletionTimestamp"] = Metadata.Stamp(DateTimeOffset.UtcNow);
        Meta["deletionGracePeriodSeconds"] = 0;
        Put();
        _store.Delete("pods", Json);
    }

    private void Put() => Version = _store.Put("pods", Json);

    private void Container(JsonObject state, bool ready)
    {
        var status = new JsonObject
        {
            ["name"] = "app",
            ["state"] = state,
            ["lastState"] = new JsonObject(),
            ["ready"] = ready,
            ["restartCount"] = 0,
            ["image"] = Image,
            ["imageID"] = "",
        };
        if (_containerId is not null)
            status["containerID"] = _containerId;
        status["started"] = state.ContainsKey("running");
        _status["containerStatuses"] = new JsonArray(status);
    }

    // Each condition contains the generation it was observed at, like the status itself.
    private void Observe(int generation)
    {
        _observed = generation;
        _status["observedGeneration"] = generation;
        foreach (var condition in _status["conditions"] as JsonArray ?? [])
            condition!["observedGeneration"] = generation;
    }

    private void Why(string? reason, string? message, params string[] types)
    {
        foreach (var condition in _status["conditions"]!.AsArray().Where(condition => types.Contains((string?)condition!["type"])))
        {
            Set(condition!.AsObject(), "reason", reason);
            Set(condition!.AsObject(), "message", message);
        }

        static void Set(JsonObject condition, string name, string? value)
        {
            condition.Remove(name);
            if (value is not null)
                condition[name] = value;
        }
    }

    private void Condition(string type, bool status)
    {
        if (_status["conditions"] is not JsonArray conditions)
            _status["conditions"] = conditions = [];
        string text = status ? "True" : "False";
        var condition = conditions.FirstOrDefault(found => (string?)found!["type"] == type)?.AsObject();
        if (condition is not null && (string?)condition["status"] == text)
            return;
        if (condition is null)
        {
            condition = new JsonObject { ["type"] = type };
            if (_observed > 0)
                condition["observedGeneration"] = _observed;
            // In the order in which a kubelet writes them, whatever the order of the changes.
            int place = conditions.TakeWhile(known => Array.IndexOf(ConditionTypes, (string?)known!["type"]) < Array.IndexOf(ConditionTypes, type)).Count();
            conditions.Insert(place, condition);
        }

        condition["status"] = text;
        condition["lastProbeTime"] = null;
        condition["lastTransitionTime"] = Metadata.Stamp(DateTimeOffset.UtcNow);
    }
}
