using System.Text.Json.Nodes;

namespace ConntrackConsole.Lab.Cluster;

/// <summary>A pod's object through its life; the fields and their order of change are those of a real 1.36 cluster.</summary>
internal sealed class PodObject
{
    private const int Grace = 30;

    private static readonly string[] ConditionTypes = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

    private readonly ObjectStore _store;
    private readonly string _node;
    private readonly string _nodeAddress;
    private readonly JsonObject _status = new() { ["phase"] = "Pending", ["qosClass"] = "BestEffort" };
    private DateTimeOffset _startedAt;

    public PodObject(ObjectStore store, string space, string app, string hash, string node, string nodeAddress, int containerPort, int preStopSeconds)
    {
        _store = store;
        Name = $"{app}-{hash}-{Metadata.Suffix(5)}";
        _node = node;
        _nodeAddress = nodeAddress;
        var metadata = Metadata.Create(Name, space, new JsonObject { ["app"] = app, ["pod-template-hash"] = hash });
        metadata["generateName"] = $"{app}-{hash}-";
        metadata["generation"] = 1;
        metadata["ownerReferences"] = new JsonArray(new JsonObject
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "ReplicaSet",
            ["name"] = $"{app}-{hash}",
            ["uid"] = Guid.NewGuid().ToString(),
            ["controller"] = true,
            ["blockOwnerDeletion"] = true,
        });
        var container = new JsonObject { ["name"] = "app", ["image"] = $"lab.local/{app}:{hash}" };
        if (containerPort != 0)
            container["ports"] = new JsonArray(new JsonObject { ["name"] = "http", ["containerPort"] = containerPort, ["protocol"] = "TCP" });
        if (preStopSeconds > 0)
            container["lifecycle"] = new JsonObject { ["preStop"] = new JsonObject { ["sleep"] = new JsonObject { ["seconds"] = preStopSeconds } } };
        Json = new JsonObject
        {
            ["kind"] = "Pod",
            ["apiVersion"] = "v1",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject
            {
                ["containers"] = new JsonArray(container),
                ["restartPolicy"] = "Always",
                ["terminationGracePeriodSeconds"] = Grace,
            },
            ["status"] = _status,
        };
    }

    public string Name { get; }

    public JsonObject Json { get; }

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
        _status["observedGeneration"] = 1;
        foreach (string type in ConditionTypes)
            Condition(type, type is "Initialized" or "PodScheduled");
        Container(new JsonObject { ["waiting"] = new JsonObject { ["reason"] = "ContainerCreating" } }, ready: false);
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
        _status["containerStatuses"]![0]!["ready"] = true;
        Put();
    }

    /// <summary>Deleted by its owner: the pod stays Running and Ready, with a time by which it must have ended.</summary>
    public void Terminating()
    {
        Meta["deletionTimestamp"] = Metadata.Stamp(DateTimeOffset.UtcNow.AddSeconds(Grace));
        Meta["deletionGracePeriodSeconds"] = Grace;
        Meta["generation"] = 2;
        Put();
    }

    /// <summary>The kubelet has seen the deletion.</summary>
    public void TerminationObserved()
    {
        _status["observedGeneration"] = 2;
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
            },
        }, ready: false);
        foreach (string type in new[] { "PodReadyToStartContainers", "Ready", "ContainersReady" })
            Condition(type, false);
        Put();
    }

    /// <summary>The kubelet's last delete: the deletion time is written anew, earlier, with a grace of 0; then the object goes.</summary>
    public void Delete()
    {
        Meta["deletionTimestamp"] = Metadata.Stamp(DateTimeOffset.UtcNow);
        Meta["deletionGracePeriodSeconds"] = 0;
        Put();
        _store.Delete("pods", Json);
    }

    private void Put() => _store.Put("pods", Json);

    private void Container(JsonObject state, bool ready) => _status["containerStatuses"] = new JsonArray(new JsonObject
    {
        ["name"] = "app",
        ["state"] = state,
        ["lastState"] = new JsonObject(),
        ["ready"] = ready,
        ["restartCount"] = 0,
        ["image"] = Json["spec"]!["containers"]![0]!["image"]!.DeepClone(),
        ["imageID"] = "",
        ["started"] = state.ContainsKey("running"),
    });

    private void Condition(string type, bool status)
    {
        if (_status["conditions"] is not JsonArray conditions)
            _status["conditions"] = conditions = [];
        string text = status ? "True" : "False";
        if (conditions.FirstOrDefault(condition => (string?)condition!["type"] == type) is { } found)
        {
            if ((string?)found["status"] == text)
                return;
            conditions.Remove(found);
        }

        conditions.Add(new JsonObject
        {
            ["type"] = type,
            ["status"] = text,
            ["lastProbeTime"] = null,
            ["lastTransitionTime"] = Metadata.Stamp(DateTimeOffset.UtcNow),
        });
    }
}
