using System.Text.Json.Nodes;

namespace ConntrackConsole.Lab.Cluster;

/// <summary>
/// A Deployment and the ReplicaSets of its last revisions, updated step by step in the order of the real controllers: the desired
/// count first, then its Event, then the status that results from the pods, the Deployment's own status last.
/// </summary>
internal sealed class DeploymentObject
{
    private const int MaxSurge = 1, HistoryLimit = 10;

    private readonly Lock _lock = new(); // Pods become ready and end concurrently.
    private readonly ObjectStore _store;
    private readonly EventLog _events;
    private int _replicas;
    private readonly List<ReplicaSetObject> _sets = []; // oldest first
    private readonly JsonObject _progressing;
    private readonly JsonObject _available;
    private int _revision;
    private int _generation = 1;

    /// <summary>Creates it with its first ReplicaSet, which wants all its pods at once.</summary>
    public DeploymentObject(ObjectStore store, EventLog events, string space, string app, int replicas, int containerPort, int preStopSeconds, PodTraits? traits = null)
    {
        _store = store;
        _events = events;
        _replicas = replicas;
        App = app;
        _available = Condition("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.");
        _progressing = Condition("Progressing", "True", "NewReplicaSetCreated", "");
        var metadata = Metadata.Create(app, space, new JsonObject { ["app"] = app });
        metadata["generation"] = _generation;
        Json = new JsonObject
        {
            ["kind"] = "Deployment",
            ["apiVersion"] = "apps/v1",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject
            {
                ["replicas"] = replicas,
                ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = app } },
                ["template"] = new JsonObject
                {
                    ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = app } },
                    ["spec"] = PodTemplate.Spec(app, containerPort, preStopSeconds, traits),
                },
                ["strategy"] = new JsonObject
                {
                    ["type"] = "RollingUpdate",
                    ["rollingUpdate"] = new JsonObject { ["maxUnavailable"] = 0, ["maxSurge"] = MaxSurge },
                },
                ["revisionHistoryLimit"] = HistoryLimit,
                ["progressDeadlineSeconds"] = 600,
            },
            ["status"] = new JsonObject(),
        };
        Put();
        Current = Add(replicas);
    }

    public string App { get; }

    public JsonObject Json { get; }

    public long Version { get; private set; }

    /// <summary>The ReplicaSet of the newest revision.</summary>
    public ReplicaSetObject Current { get; private set; }

    /// <summary>Like `kubectl rollout restart`: a new template, and a new ReplicaSet with one desired pod.</summary>
    /// <returns>The ReplicaSet to replace.</returns>
    public ReplicaSetObject Restart()
    {
        lock (_lock)
        {
            var old = Current;
            Json["spec"]!["template"]!["metadata"]!["annotations"] =
                new JsonObject { ["kubectl.kubernetes.io/restartedAt"] = Metadata.Stamp(DateTimeOffset.UtcNow) };
            Json["metadata"]!["generation"] = ++_generation;
            Put();
            Current = Add(1);
            while (_sets.Count > HistoryLimit + 1 && _sets[0] is { Wanted: 0, Replicas: 0, Terminating: 0 } forgotten)
            {
                _sets.RemoveAt(0);
                forgotten.Delete();
            }

            return old;
        }
    }

    /// <summary>Like `kubectl scale`.</summary>
    public void SetReplicas(int replicas)
    {
        lock (_lock)
        {
            _replicas = replicas;
            Json["spec"]!["replicas"] = replicas;
            Json["metadata"]!["generation"] = ++_generation;
            Put();
        }

        Scale(Current, replicas);
    }

    public void Scale(ReplicaSetObject set, int wanted)
    {
        lock (_lock)
        {
            int before = set.Wanted;
            if (wanted == before)
                return;
            set.Scale(wanted);
            RecordScaling(set, before);
            Status();
        }
    }

    /// <summary>A ReplicaSet has created a pod.</summary>
    public void Created(ReplicaSetObject set, string pod)
    {
        lock (_lock)
        {
            set.Observe();
            Status();
            _events.Record(set.Json, set.Version, "SuccessfulCreate", $"Created pod: {pod}", "replicaset-controller");
            set.Count(replicas: 1);
            Status();
        }
    }

    public void Ready(ReplicaSetObject set)
    {
        lock (_lock)
        {
            set.Count(ready: 1);
            Status();
        }
    }

    /// <summary>A ReplicaSet's pod is being deleted.</summary>
    /// <param name="set">The ReplicaSet.</param>
    /// <param name="pod">The pod's name.</param>
    /// <param name="wasReady">Its containers ran.</param>
    /// <param name="isReported">False if something else deleted it: the ReplicaSet reports only its own deletions.</param>
    public void Deleted(ReplicaSetObject set, string pod, bool wasReady = true, bool isReported = true)
    {
        lock (_lock)
        {
            set.Observe();
            if (isReported)
                _events.Record(set.Json, set.Version, "SuccessfulDelete", $"Deleted pod: {pod}", "replicaset-controller");
            set.Count(replicas: -1, ready: wasReady ? -1 : 0, terminating: 1);
            Status();
        }
    }

    /// <summary>Like `kubectl rollout undo`: the former ReplicaSet is the current one again, with a new revision.</summary>
    /// <returns>The ReplicaSet that is undone.</returns>
    public ReplicaSetObject Undo(ReplicaSetObject former)
    {
        lock (_lock)
        {
            var undone = Current;
            Json["spec"]!["template"] = former.Json["spec"]!["template"]!.DeepClone();
            Json["metadata"]!["generation"] = ++_generation;
            Put();
            former.Revise(++_revision);
            Current = former;
            Json["metadata"]!["annotations"] = new JsonObject { ["deployment.kubernetes.io/revision"] = $"{_revision}" };
            // The revision is new, the status still that of the undone one.
            Put();
            Progress("FoundNewReplicaSet", $"Found new replica set \"{former.Name}\"");
            return undone;
        }
    }

    /// <summary>Removes it, then its ReplicaSets.</summary>
    public void Delete()
    {
        lock (_lock)
        {
            _store.Delete("deployments", Json);
            foreach (var set in _sets)
                set.Delete();
            _sets.Clear();
        }
    }

    /// <summary>A terminating pod's containers have ended.</summary>
    public void Ended(ReplicaSetObject set)
    {
        lock (_lock)
        {
            set.Count(terminating: -1);
            Status();
        }
    }

    private ReplicaSetObject Add(int replicas)
    {
        var set = new ReplicaSetObject(_store, Json, Metadata.Suffix(9), replicas, ++_revision, new JsonObject
        {
            ["deployment.kubernetes.io/desired-replicas"] = $"{_replicas}",
            ["deployment.kubernetes.io/max-replicas"] = $"{_replicas + MaxSurge}",
        });
        _sets.Add(set);
        RecordScaling(set, 0);
        Json["metadata"]!["annotations"] = new JsonObject { ["deployment.kubernetes.io/revision"] = $"{_revision}" };
        Progress("NewReplicaSetCreated", $"Created new replica set \"{set.Name}\"");
        Conditions(Json["status"]!.AsObject());
        Put();
        return set;
    }

    private void RecordScaling(ReplicaSetObject set, int before) => _events.Record(
        Json, Version, "ScalingReplicaSet",
        $"Scaled {(set.Wanted > before ? "up" : "down")} replica set {set.Name} from {before} to {set.Wanted}", "deployment-controller");

    private void Status()
    {
        int replicas = _sets.Sum(set => set.Replicas), ready = _sets.Sum(set => set.Ready);
        int unavailable = _sets.Sum(set => set.Wanted) - ready;
        var status = new JsonObject { ["observedGeneration"] = _generation };
        Number("replicas", replicas);
        Number("updatedReplicas", Current.Replicas);
        Number("readyReplicas", ready);
        Number("availableReplicas", ready);
        Number("unavailableReplicas", unavailable);
        status["terminatingReplicas"] = _sets.Sum(set => set.Terminating);
        if (ready >= _replicas && (string?)_available["status"] != "True")
            Change(_available, "True", "MinimumReplicasAvailable", "Deployment has minimum availability.");
        if (Current.Ready == _replicas && replicas == _replicas)
            Progress("NewReplicaSetAvailable", $"ReplicaSet \"{Current.Name}\" has successfully progressed.");
        else if (Current.Replicas > 0)
            Progress("ReplicaSetUpdated", $"ReplicaSet \"{Current.Name}\" is progressing.");
        Conditions(status);
        Json["status"] = status;
        Put();

        void Number(string name, int value)
        {
            if (value > 0)
                status[name] = value; // Zeros are omitted.
        }
    }

    private void Conditions(JsonObject status) => status["conditions"] = new JsonArray(_available.DeepClone(), _progressing.DeepClone());

    private void Progress(string reason, string message)
    {
        if ((string?)_progressing["message"] != message || reason == "ReplicaSetUpdated")
            Change(_progressing, "True", reason, message);
    }

    private static void Change(JsonObject condition, string status, string reason, string message)
    {
        string now = Metadata.Stamp(DateTimeOffset.UtcNow);
        condition["lastUpdateTime"] = now;
        if ((string?)condition["status"] != status)
            condition["lastTransitionTime"] = now;
        condition["status"] = status;
        condition["reason"] = reason;
        condition["message"] = message;
    }

    private static JsonObject Condition(string type, string status, string reason, string message)
    {
        string now = Metadata.Stamp(DateTimeOffset.UtcNow);
        return new JsonObject
        {
            ["type"] = type,
            ["status"] = status,
            ["lastUpdateTime"] = now,
            ["lastTransitionTime"] = now,
            ["reason"] = reason,
            ["message"] = message,
        };
    }

    private void Put() => Version = _store.Put("deployments", Json);
}
