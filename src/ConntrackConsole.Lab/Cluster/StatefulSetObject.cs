using System.Text.Json.Nodes;

namespace ConntrackConsole.Lab.Cluster;

/// <summary>
/// A StatefulSet and its pods, in the order of the real controller: one pod at a time, the highest ordinal is created last and deleted
/// first, and a name is used again. A pod's name has one Event, of which only the count and the last time change. The pods are in the
/// network of their node, and no Service selects them.
/// </summary>
internal sealed class StatefulSetObject : IDisposable
{
    private readonly ObjectStore _store;
    private readonly EventLog _events;
    private readonly (string Name, string Address) _node;
    private readonly Func<int, int, Task> _pause;
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly SortedDictionary<int, (PodObject Pod, string Revision)> _pods = [];
    private int _generation = 1, _ready;
    private string _current, _update;
    private long _version;

    /// <param name="pause">Waits between two steps, for a random time in milliseconds.</param>
    public StatefulSetObject(ObjectStore store, EventLog events, string space, string name, (string Name, string Address) node, Func<int, int, Task> pause)
    {
        _store = store;
        _events = events;
        _node = node;
        _pause = pause;
        Name = name;
        _current = _update = NewRevision();
        var metadata = Metadata.Create(name, space, new JsonObject { ["app"] = name });
        metadata["generation"] = _generation;
        Json = new JsonObject
        {
            ["kind"] = "StatefulSet",
            ["apiVersion"] = "apps/v1",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject
            {
                ["replicas"] = 0,
                ["serviceName"] = name,
                ["podManagementPolicy"] = "OrderedReady",
                ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = name } },
                ["template"] = new JsonObject
                {
                    ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = name } },
                    ["spec"] = PodTemplate.Spec(name, 0, 0),
                },
                ["updateStrategy"] = new JsonObject { ["type"] = "RollingUpdate", ["rollingUpdate"] = new JsonObject { ["partition"] = 0 } },
            },
        };
        Json["spec"]!["template"]!["spec"]!["hostNetwork"] = true;
        Status();
    }

    public string Name { get; }

    public JsonObject Json { get; }

    public async Task ScaleAsync(int replicas) => await AloneAsync(async () =>
    {
        Json["spec"]!["replicas"] = replicas;
        await ObserveAsync();
        for (int ordinal = _pods.Count; ordinal < replicas; ordinal++)
            await CreateAsync(ordinal);
        for (int ordinal = _pods.Count - 1; ordinal >= replicas; ordinal--)
            await DeleteAsync(ordinal);
    });

    /// <summary>Like `kubectl rollout restart`: each pod is replaced by one of the same name and another revision.</summary>
    public async Task RestartAsync() => await AloneAsync(async () =>
    {
        Json["spec"]!["template"]!["metadata"]!["annotations"] = new JsonObject { ["kubectl.kubernetes.io/restartedAt"] = Metadata.Stamp(DateTimeOffset.UtcNow) };
        _update = NewRevision();
        await ObserveAsync();
        for (int ordinal = _pods.Count - 1; ordinal >= 0; ordinal--)
        {
            await DeleteAsync(ordinal);
            await CreateAsync(ordinal);
        }

        _current = _update;
        Status();
    });

    /// <summary>Its namespace is being deleted: the pods go first, and it wants them until it goes itself.</summary>
    public async Task DeletePodsAsync() => await AloneAsync(async () =>
    {
        for (int ordinal = _pods.Count - 1; ordinal >= 0; ordinal--)
            await DeleteAsync(ordinal);
    });

    public void Delete() => _store.Delete("statefulsets", Json);

    public void Dispose() => _one.Dispose();

    // The new generation is stored with the status of the former one.
    private async Task ObserveAsync()
    {
        Json["metadata"]!["generation"] = ++_generation;
        Put();
        await _pause(5, 40);
        Status();
    }

    private async Task CreateAsync(int ordinal)
    {
        var pod = new PodObject(_store, (string)Json["metadata"]!["namespace"]!, Name, _update, _node.Name, _node.Address, 0, 0, Json, $"{Name}-{ordinal}");
        pod.Meta["generateName"] = $"{Name}-";
        pod.Meta["labels"] = new JsonObject
        {
            ["app"] = Name, ["apps.kubernetes.io/pod-index"] = $"{ordinal}", ["controller-revision-hash"] = _update, ["statefulset.kubernetes.io/pod-name"] = pod.Name,
        };
        pod.Json["spec"]!["hostNetwork"] = true;
        pod.Add();
        long added = pod.Version;
        _pods[ordinal] = (pod, _update);
        Record("SuccessfulCreate", "Create", pod);
        Status();
        await _pause(15, 30);
        pod.Scheduled();
        _events.Scheduled(pod.Json, added, _node.Name);
        pod.Creating();
        await _pause(300, 900);
        pod.SandboxReady();
        pod.Running(_node.Address);
        await _pause(10, 40);
        pod.Ready();
        _ready++;
        Status();
    }

    private async Task DeleteAsync(int ordinal)
    {
        var pod = _pods[ordinal].Pod;
        pod.Terminating();
        Record("SuccessfulDelete", "Delete", pod);
        await _pause(1, 35);
        _events.Record(pod.Json, pod.Version, "Killing", "Stopping container app", "kubelet", _node.Name);
        pod.TerminationObserved();
        await _pause(1_000, 2_000);
        pod.Ended(0);
        _ready--;
        Status();
        await _pause(200, 600);
        pod.Delete();
        _pods.Remove(ordinal);
        Status();
    }

    private void Record(string reason, string verb, PodObject pod) =>
        _events.Record(Json, _version, reason, $"{verb} Pod {pod.Name} in StatefulSet {Name} successful", "statefulset-controller");

    private void Status()
    {
        var status = new JsonObject { ["observedGeneration"] = _generation, ["replicas"] = _pods.Count };
        Number("readyReplicas", _ready);
        Number("currentReplicas", _pods.Values.Count(pod => pod.Revision == _current));
        Number("updatedReplicas", _pods.Values.Count(pod => pod.Revision == _update));
        status["currentRevision"] = _current;
        status["updateRevision"] = _update;
        status["collisionCount"] = 0;
        status["availableReplicas"] = _ready; // Not omitted at zero.
        Json["status"] = status;
        Put();

        void Number(string name, int value)
        {
            if (value > 0)
                status[name] = value; // Zeros are omitted.
        }
    }

    private string NewRevision() => $"{Name}-{Metadata.Suffix(9)}";

    private async Task AloneAsync(Func<Task> step)
    {
        await _one.WaitAsync();
        try
        {
            await step();
        }
        finally
        {
            _one.Release();
        }
    }

    private void Put() => _version = _store.Put("statefulsets", Json);
}
