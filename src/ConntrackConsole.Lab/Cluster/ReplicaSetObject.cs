using System.Text.Json.Nodes;

namespace ConntrackConsole.Lab.Cluster;

/// <summary>One revision of a Deployment: its desired and its current pods. Changed by <see cref="DeploymentObject"/> only.</summary>
internal sealed class ReplicaSetObject
{
    private readonly ObjectStore _store;
    private int _generation = 1;

    public ReplicaSetObject(ObjectStore store, JsonObject deployment, string hash, int replicas, int revision, JsonObject annotations)
    {
        _store = store;
        Hash = hash;
        Wanted = replicas;
        var template = deployment["spec"]!["template"]!.DeepClone();
        JsonObject Labels() => new() { ["app"] = deployment["metadata"]!["name"]!.DeepClone(), ["pod-template-hash"] = hash };
        template["metadata"]!["labels"] = Labels();
        var metadata = Metadata.Create($"{deployment["metadata"]!["name"]}-{hash}", (string?)deployment["metadata"]!["namespace"], Labels());
        annotations["deployment.kubernetes.io/revision"] = $"{revision}";
        metadata["generation"] = 1;
        metadata["annotations"] = annotations;
        metadata["ownerReferences"] = new JsonArray(Metadata.Owner(deployment));
        Json = new JsonObject
        {
            ["kind"] = "ReplicaSet",
            ["apiVersion"] = "apps/v1",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject { ["replicas"] = replicas, ["selector"] = new JsonObject { ["matchLabels"] = Labels() }, ["template"] = template },
            ["status"] = new JsonObject { ["replicas"] = 0 },
        };
        Put();
    }

    public string Hash { get; }

    public string Name => (string)Json["metadata"]!["name"]!;

    public JsonObject Json { get; }

    public long Version { get; private set; }

    public int Wanted { get; private set; }

    /// <summary>Pods that exist and are not terminating.</summary>
    public int Replicas { get; private set; }

    public int Ready { get; private set; }

    public int Terminating { get; private set; }

    public void Scale(int wanted)
    {
        Wanted = wanted;
        Json["spec"]!["replicas"] = wanted;
        Json["metadata"]!["generation"] = ++_generation;
        Put();
    }

    /// <summary>It is its Deployment's current one again: the former revision becomes history.</summary>
    public void Revise(int revision)
    {
        var annotations = Json["metadata"]!["annotations"]!;
        string history = (string?)annotations["deployment.kubernetes.io/revision-history"] is { } former ? former + "," : "";
        annotations["deployment.kubernetes.io/revision-history"] = history + (string)annotations["deployment.kubernetes.io/revision"]!;
        annotations["deployment.kubernetes.io/revision"] = $"{revision}";
        Put();
    }

    /// <summary>The controller has observed the desired count: nothing else changes.</summary>
    public void Observe() => Status();

    public void Count(int replicas = 0, int ready = 0, int terminating = 0)
    {
        Replicas += replicas;
        Ready += ready;
        Terminating += terminating;
        Status();
    }

    public void Delete() => _store.Delete("replicasets", Json);

    private void Status()
    {
        // Zeros are omitted, except for these two.
        var status = new JsonObject { ["replicas"] = Replicas };
        if (Replicas > 0)
            status["fullyLabeledReplicas"] = Replicas;
        if (Ready > 0)
        {
            status["readyReplicas"] = Ready;
            status["availableReplicas"] = Ready;
        }

        status["terminatingReplicas"] = Terminating;
        status["observedGeneration"] = _generation;
        Json["status"] = status;
        Put();
    }

    private void Put() => Version = _store.Put("replicasets", Json);
}
