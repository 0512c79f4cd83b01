
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Identity;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Guards;

/// <summary>Everything that the guards check: the request and the state of the cluster and its nodes at one moment.</summary>
/// <param name="Reason">The reason that would be written down.</param>
public sealed record GuardContext(ActionRequest Request, Principal Principal, string Reason)
{
    /// <summary>Whose action it is: at an approval another one than the caller.</summary>
    public string Asker { get; init; } = Principal.Name;

    /// <summary>The console is set to change nothing.</summary>
    public bool ReadOnly { get; init; }

    public bool HasCluster { get; init; }

    public TimeSpan ClusterAge { get; init; }

    /// <summary>What the API server refuses and a flush needs, or null.</summary>
    public string? MissingKind { get; init; }

    /// <summary>The address is one, in its plain form.</summary>
    public bool ValidIp { get; init; }

    public AddressOwnership Owner { get; init; } = AddressOwnership.Unknown;

    /// <summary>Slices that name the address.</summary>
    public IReadOnlyList<EndpointStatus> Endpoints { get; init; } = [];

    /// <summary>The nodes that are meant, those that the cluster does not know too.</summary>
    public IReadOnlyList<NodeStatus> Nodes { get; init; } = [];

    /// <summary>Null before the nodes were asked.</summary>
    public IReadOnlyList<FlushPreview>? Previews { get; init; }

    /// <summary>Null before the nodes were asked.</summary>
    public IReadOnlyList<SettingReading>? Readings { get; init; }

    /// <summary>Nodes that cannot be asked, or did not answer.</summary>
    public IReadOnlyList<string> Silent { get; init; } = [];

    /// <summary>Services that the entries belong to and that have no endpoint left.</summary>
    public IReadOnlyList<string> WithoutEndpoints { get; init; } = [];

    /// <summary>Actions that were executed in the last ten minutes.</summary>
    public IReadOnlyList<RecentAction> Recent { get; init; } = [];

    /// <summary>This action's own id: it does not count against itself.</summary>
    public string Id { get; init; } = "";

    public RateLimits Rates { get; init; } = new();

    public IReadOnlyList<PolicyRule> Policy { get; init; } = [];
}

/// <summary>What a Service's slices say of the address.</summary>
public sealed record EndpointStatus(string Service, bool Ready, bool Serving);

/// <summary>One node, as far as it bears on an action.</summary>
/// <param name="Known">The cluster has a node of this name, or no cluster is there to ask.</param>
/// <param name="CannotAct">Why its collector takes no such command, or null.</param>
public sealed record NodeStatus(string Name, bool Known, bool Connected, Reason? CannotAct = null)
{
    /// <summary>False: its rules still lead to the address. Null: not known, or nothing had to change.</summary>
    public bool? RulesSynced { get; init; }

    /// <summary>Why that is not known.</summary>
    public string? SyncUnknown { get; init; }

    public ProxyMode Mode { get; init; }

    /// <summary>kube-proxy's own rule drops INVALID packets there; null where it is not known.</summary>
    public bool? DropsInvalid { get; init; }
}

/// <summary>How many actions are carried out in ten minutes.</summary>
public sealed record RateLimits(int PerUser = 10, int PerNode = 20, int PerCluster = 30)
{
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);
}

/// <summary>A rule of the site policy: it can only make the guards stricter. A null matches everything.</summary>
/// <param name="Action">flush, or a setting's name.</param>
/// <param name="Namespace">Of the address's owner.</param>
/// <param name="MoreThan">Only above so many entries (flush) or nodes (setting).</param>
public sealed record PolicyRule(string? Action, FlushPreset? Preset, string? Namespace, int? MoreThan, GuardDecision Require);

/// <summary>An action that counts towards the rate limits.</summary>
public sealed record RecentAction(string Id, string RequestedBy, IReadOnlyList<string> Nodes);
