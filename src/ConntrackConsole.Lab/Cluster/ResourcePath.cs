namespace ConntrackConsole.Lab.Cluster;

/// <summary>A resource kind that the lab's API server serves.</summary>
/// <param name="Plural">Name in paths.</param>
/// <param name="Kind">Name in objects.</param>
/// <param name="ApiVersion">apiVersion in objects.</param>
/// <param name="IsNamespaced">False for nodes.</param>
internal sealed record ResourceKind(string Plural, string Kind, string ApiVersion, bool IsNamespaced)
{
    public static readonly IReadOnlyList<ResourceKind> All =
    [
        new("pods", "Pod", "v1", true),
        new("services", "Service", "v1", true),
        new("nodes", "Node", "v1", false),
        new("events", "Event", "v1", true),
        new("endpointslices", "EndpointSlice", "discovery.k8s.io/v1", true),
        new("deployments", "Deployment", "apps/v1", true),
        new("replicasets", "ReplicaSet", "apps/v1", true),
        // These lists are empty, as in many real clusters; a command creates a StatefulSet.
        new("statefulsets", "StatefulSet", "apps/v1", true),
        new("daemonsets", "DaemonSet", "apps/v1", true),
    ];

    /// <summary>The group in <see cref="ApiVersion"/>; "" for the core.</summary>
    public string Group => ApiVersion.Contains('/') ? ApiVersion[..ApiVersion.IndexOf('/')] : "";

    /// <summary>The path of its lists.</summary>
    public string Root => ApiVersion == "v1" ? "/api/v1" : $"/apis/{ApiVersion}";
}

/// <summary>A parsed request path: a kind, optionally a namespace, optionally a name.</summary>
internal sealed record ResourcePath(ResourceKind Kind, string? Namespace, string? Name)
{
    public static ResourcePath? TryParse(string path)
    {
        foreach (var kind in ResourceKind.All)
        {
            if (!path.StartsWith(kind.Root + "/", StringComparison.Ordinal))
                continue;
            string[] parts = path[(kind.Root.Length + 1)..].Split('/');
            (string? space, string[] rest) = kind.IsNamespaced && parts is ["namespaces", var name, .. var behind] && behind.Length > 0
                ? (name, behind) : (null, parts);
            if (rest[0] == kind.Plural && rest.Length == 1)
                return new ResourcePath(kind, space, null);
            if (rest[0] == kind.Plural && rest.Length == 2 && rest[1].Length > 0 && (space is not null || !kind.IsNamespaced))
                return new ResourcePath(kind, space, rest[1]);
        }

        return null;
    }
}
