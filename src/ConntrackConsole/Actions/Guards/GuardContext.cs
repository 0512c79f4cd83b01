using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Identity;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Guards;

/// <summary>Input of the guards: the request and the state of the cluster and its nodes at one moment.</summary>
/// <param name="Reason">The reason for the audit log.</param>
internal sealed record GuardContext(ActionRequest Request, Principal Principal, string Reason)
{
    /// <summary>The user who requested the action; at an approval not the principal.</summary>
    public string RequestedBy { get; init; } = Principal.Name;

    /// <summary>The console is read-only.</summary>
    public bool ReadOnly { get; init; }

    public bool HasCluster { get; init; }

    public TimeSpan ClusterAge { get; init; }

    /// <summary>The problem with a kind that a flush requires and the API server refuses, or null.</summary>
    public string? MissingKind { get; init; }

    /// <summary>The target is an IP address in canonical form.</summary>
    public bool ValidIp { get; init; }

    public AddressOwnership Owner { get; init; } = AddressOwnership.Unknown;

    /// <summary>If the address is a Service's: a scope for each of its ports.</summary>
    public IReadOnlyList<FlushScope> ServiceScopes { get; init; } = [];

    /// <summary>The scope's Service, if the live owner of the address is no backend of it: its entries are left from an earlier owner. Else null.</summary>
    public string? NotBackendOf { get; init; }

    /// <summary>The Services of which the scope can contain entries; empty without an address in the scope.</summary>
    public IReadOnlyList<string> ScopeServices { get; init; } = [];

    /// <summary>Services of which the live owner is no backend, and which still have entries that lead to it.</summary>
    public IReadOnlyList<ServiceScope> LeftScopes { get; init; } = [];

    /// <summary>EndpointSlices that contain the address; with <see cref="NotBackendOf"/> only those of that Service.</summary>
    public IReadOnlyList<EndpointStatus> Endpoints { get; init; } = [];

    /// <summary>The requested nodes, including those unknown to the cluster.</summary>
    public IReadOnlyList<NodeStatus> Nodes { get; init; } = [];

    /// <summary>Null before the nodes were queried.</summary>
    public IReadOnlyList<FlushPreview>? Previews { get; init; }

    /// <summary>Null before the nodes were queried.</summary>
    public IReadOnlyList<SettingReading>? Readings { get; init; }

    /// <summary>Nodes that cannot be queried or did not answer.</summary>
    public IReadOnlyList<string> Silent { get; init; } = [];

    /// <summary>Services of the entries that have no endpoint left.</summary>
    public IReadOnlyList<string> WithoutEndpoints { get; init; } = [];

    /// <summary>Actions that were executed in the last ten minutes.</summary>
    public IReadOnlyList<RecentAction> Recent { get; init; } = [];

    /// <summary>Id of this action, which does not count towards its own rate limit.</summary>
    public string Id { get; init; } = "";

    public RateLimits Rates { get; init; } = new();

    public IReadOnlyList<PolicyRule> Policy { get; init; } = [];
}

/// <summary>The scope that limits a flush to one port of a Service.</summary>
internal sealed record ServiceScope(string Service, FlushScope Scope)
{
    public override string ToString() => $"{Service} (scope {Scope.Proto} {(Scope.Vip?.Contains(':', StringComparison.Ordinal) == true ? $"[{Scope.Vip}]" : Scope.Vip)}:{Scope.VipPort})";
}

/// <summary>State of the address in the EndpointSlices of a Service.</summary>
internal sealed record EndpointStatus(string Service, bool Ready, bool Serving);

/// <summary>State of one node, as far as it matters for an action.</summary>
/// <param name="Known">The cluster has a node of this name, or there is no cluster.</param>
/// <param name="CannotAct">Why its collector cannot execute the command, or null.</param>
internal sealed record NodeStatus(string Name, bool Known, bool Connected, Reason? CannotAct = null)
{
    /// <summary>False: its rules still lead to the address. Null: unknown, or no rule had to change.</summary>
    public bool? RulesSynced { get; init; }

    /// <summary>Why <see cref="RulesSynced"/> is unknown.</summary>
    public string? SyncUnknown { get; init; }

    public ProxyMode Mode { get; init; }

    /// <summary>kube-proxy's own rule drops INVALID packets there; null if unknown.</summary>
    public bool? DropsInvalid { get; init; }
}

/// <summary>Maximum number of executed actions in ten minutes.</summary>
internal sealed record RateLimits(int PerUser = 10, int PerNode = 20, int PerCluster = 30)
{
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);
}

/// <summary>A rule of the site policy: it can only make the guards stricter. A null matches everything.</summary>
/// <param name="Action">flush, or the name of a setting.</param>
/// <param name="Namespace">Namespace of the owner of the address, or of a Service of the scope.</param>
/// <param name="MoreThan">Matches only above this number of entries (flush) or nodes (setting).</param>
internal sealed record PolicyRule(string? Action, FlushPreset? Preset, string? Namespace, int? MoreThan, GuardDecision Require);

/// <summary>An action that counts towards the rate limits.</summary>
internal sealed record RecentAction(string Id, string RequestedBy, IReadOnlyList<string> Nodes);
