using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Checks.Model;

public enum SubjectKind
{
    Cluster,
    Node,
    Service,
}

/// <summary>Whom a result is about.</summary>
/// <param name="Namespace">Empty but for a Service.</param>
/// <param name="Name">A node's or a Service's name, or the kind of object that the cluster tells of.</param>
public readonly record struct CheckSubject(SubjectKind Kind, string Namespace, string Name)
{
    public static CheckSubject Of(ServiceKey service) => new(SubjectKind.Service, service.Namespace, service.Name);

    public static CheckSubject OfNode(string name) => new(SubjectKind.Node, "", name);

    public static CheckSubject OfKind(string kind) => new(SubjectKind.Cluster, "", kind);

    public override string ToString() => Namespace.Length > 0 ? $"{Namespace}/{Name}" : Name;
}
