using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Checks.Model;

public enum SubjectKind
{
    Cluster,
    Node,
    Service,
}

/// <summary>The object a check result refers to.</summary>
/// <param name="Namespace">Empty except for a Service.</param>
/// <param name="Name">A node's or a Service's name, or the kind of Kubernetes object.</param>
public readonly record struct CheckSubject(SubjectKind Kind, string Namespace, string Name)
{
    public static CheckSubject Of(ServiceKey service) => new(SubjectKind.Service, service.Namespace, service.Name);

    public static CheckSubject OfNode(string name) => new(SubjectKind.Node, "", name);

    public static CheckSubject OfKind(string kind) => new(SubjectKind.Cluster, "", kind);

    public override string ToString() => Namespace.Length > 0 ? $"{Namespace}/{Name}" : Name;
}
