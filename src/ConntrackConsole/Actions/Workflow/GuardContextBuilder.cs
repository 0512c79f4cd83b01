using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Checks;
using ConntrackConsole.Checks.Model;
using ConntrackConsole.Checks.Node;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Identity;
using ConntrackConsole.Ingest;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>Builds the input of the guards from the current state.</summary>
internal sealed class GuardContextBuilder(
    ClusterState cluster, TimelineStore timeline, CollectorRegistry collectors, ActionStore store, CheckScheduler checks, ActionSettings settings, TimeProvider time)
{
    private static readonly string[] FlushKinds = ["pods", "nodes", "services", "endpointslices"];

    public async Task<GuardContext> ReadAsync(ActionRequest request, Principal principal, string reason, string id, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(request);
        long sinceMs = NowMs - (long)RateLimits.Window.TotalMilliseconds;
        var context = new GuardContext(request, principal, reason)
        {
            ReadOnly = settings.ReadOnly, Rates = settings.Rates, Policy = settings.Policy, Id = id,
            HasCluster = cluster.HasCluster, ClusterAge = cluster.Age,
            // A later answer, or the revert of a setting, is not a new action.
            Recent = [.. (await store.RunSinceAsync(sinceMs, ct)).Where(r => r.StartedMs >= sinceMs).Select(r => new RecentAction(r.Id, r.Plan.RequestedBy, r.Plan.Targets))],
        };
        return request.Kind == ActionKind.Flush ? Flush(context) : Setting(context);
    }

    /// <summary>The context after the nodes were queried.</summary>
    public GuardContext With(GuardContext context, IReadOnlyList<FlushPreview> previews, IReadOnlyList<SettingReading> readings, IEnumerable<string> unanswered)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context with
        {
            Previews = context.Request.Kind == ActionKind.Flush ? previews : null,
            Readings = context.Request.Kind == ActionKind.Setting ? readings : null,
            Silent = [.. context.Silent.Union(unanswered).Order(StringComparer.Ordinal)],
            WithoutEndpoints = WithoutEndpoints(cluster.Current, previews),
        };
    }

    /// <summary>What the console knows about an address now, dated by its last confirmation.</summary>
    public OwnershipStatement Statement(ActionRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var owner = Ip.TryParse(request.Target, out var ip) ? cluster.Current.OwnerOf(ip) : AddressOwnership.Unknown;
        return new OwnershipStatement(
            request.Target, owner.State, owner.Name, NowMs - (long)Math.Min(cluster.Age.TotalMilliseconds, NowMs),
            NotBackend: owner.State == OwnerState.Live && ScopeOwnership.NotBackendOf(cluster, ip, request.Scope) is not null);
    }

    private GuardContext Flush(GuardContext context)
    {
        var map = cluster.Current;
        bool valid = Ip.TryParse(context.Request.Target, out var ip);
        var owner = valid ? map.OwnerOf(ip) : AddressOwnership.Unknown;
        bool isLive = owner is { State: OwnerState.Live, Pod.HostNetwork: false };
        string? notBackendOf = isLive ? ScopeOwnership.NotBackendOf(cluster, ip, context.Request.Scope) : null;
        var request = context.Request with
        {
            // IPv6 addresses have many spellings; nodes and tables use the canonical one.
            PodIp = valid ? ip.ToString() : context.Request.PodIp,
            Preset = context.Request.Preset ?? (notBackendOf is null ? FlushGuard.DefaultPreset(owner.State) : FlushPreset.DeadBackend),
            // "All nodes" excludes nodes that the cluster no longer has, although their collectors may still be connected.
            Nodes = context.Request.Nodes.Count > 0 ? context.Request.Nodes : [.. (cluster is { HasCluster: true, IsReady: true } ? map.Nodes.Keys : collectors.ConnectedNodes).Order(StringComparer.Ordinal)],
        };
        var syncs = valid && LastOf(ip) is { EndpointChangedMs: { } changedMs } ended ? timeline.SyncsAfter(changedMs, ended.EndpointChangedNotBeforeMs).ToDictionary(s => s.Node, StringComparer.Ordinal) : [];
        var nodes = request.Nodes.Select(name => StatusOf(name, "flush") with
        {
            RulesSynced = syncs.GetValueOrDefault(name) is { Unknown: null } sync ? sync.AtMs is not null : null,
            SyncUnknown = syncs.GetValueOrDefault(name)?.Unknown,
        }).ToList();
        return context with
        {
            Request = request, ValidIp = valid, Owner = owner, Nodes = nodes, NotBackendOf = notBackendOf,
            ScopeServices = [.. ScopeOwnership.ServicesOf(map, request.Scope).Select(service => service.Key.ToString())],
            LeftScopes = isLive && notBackendOf is null ? timeline.Read(reading => reading.ScopesWithoutBackend(ip)).FindAll(s => ScopeOwnership.NotBackendOf(cluster, ip, s.Scope) is not null).ConvertAll(s => new ServiceScope(s.Service, s.Scope)) : [],
            MissingKind = cluster.Kinds.FirstOrDefault(k => k is { Listed: false, Problem: not null } && FlushKinds.Contains(k.Kind, StringComparer.OrdinalIgnoreCase))?.Problem,
            ServiceScopes = owner.State == OwnerState.Service ? ServiceScopes.Of(map, ip) : [],
            Silent = [.. nodes.Where(n => !n.Connected).Select(n => n.Name)],
            Endpoints = valid ? [.. map.EndpointsAt(ip).Where(e => notBackendOf is null || e.Slice.Service?.ToString() == notBackendOf).Select(e => new EndpointStatus(e.Slice.Service?.ToString() ?? $"{e.Slice.Namespace}/{e.Slice.Name}", e.SliceEndpoint.Ready, e.SliceEndpoint.Serving))] : [],
        };
    }

    private GuardContext Setting(GuardContext context)
    {
        var kind = SettingCatalog.Find(context.Request.Key);
        var facts = timeline.Facts(new Dictionary<Ip, long>());
        string command = kind?.Carrier switch { SettingCarrier.Filter => "filter", SettingCarrier.Ipvs => "ipvs", _ => "settings" };
        return context with
        {
            Request = context.Request with { Key = kind?.Key ?? context.Request.Key, RevertAfterMs = context.Request.RevertAfterMs ?? (kind is null ? null : SettingGuard.DefaultRevertAfterMs(kind)) },
            Nodes =
            [
                .. context.Request.Nodes.Select(name => StatusOf(name, command) with
                {
                    Mode = facts.Nodes.GetValueOrDefault(name)?.Proxy?.Reading is { Answers: true } proxy ? proxy.Mode : ProxyMode.Unknown,
                    DropsInvalid = DropsInvalid(name),
                }),
            ],
        };
    }

    // The result of the check that looks for kube-proxy's rule.
    private bool? DropsInvalid(string node) => checks.Current.Of(InvalidProtection.Name, CheckSubject.OfNode(node)) switch
    {
        { Value: "drop rule" } => true,
        { State: CheckState.InsufficientData } or null => null,
        _ => false,
    };

    private NodeStatus StatusOf(string name, string command)
    {
        bool known = !cluster.HasCluster || !cluster.IsReady || cluster.Current.Nodes.ContainsKey(name);
        var capabilities = collectors.HelloOf(name)?.Capabilities ?? [];
        var cannot = capabilities.FirstOrDefault(c => c.Name == "commands") is { Available: false } closed ? new Reason(NodeReasons.ObserveOnly, closed.Detail)
            : capabilities.FirstOrDefault(c => c.Name == $"commands.{command}") is { } named ? (named.Available ? null : new Reason(NodeReasons.CommandUnavailable, named.Detail))
            : command != "flush" ? new Reason(NodeReasons.CollectorOutdated, $"The collector of {name} is too old for this command: install the console's version there.") : null;
        bool connected = collectors.ConnectionOf(name) is not null;
        return new NodeStatus(name, known, connected, connected ? cannot : null);
    }

    private Termination? LastOf(Ip ip) => cluster.Terminations.Where(t => t.PodIp == ip).MaxBy(t => t.DeletionRequestedMs);

    private static List<string> WithoutEndpoints(ClusterMap map, IReadOnlyList<FlushPreview> previews)
    {
        var services =
            from entry in previews.SelectMany(p => p.Entries)
            where entry.Dst is not null && entry.Effect != FlushEffect.NoEffect
            let proto = entry.Proto switch { "udp" => Protocols.Udp, "sctp" => Protocols.Sctp, _ => Protocols.Tcp }
            let key = Ip.TryParse(entry.Dst, out var vip) ? map.ServiceAt(proto, vip, (ushort)(entry.Dport ?? 0)) : null
            where key is not null
            select key.Value;
        // Terminating endpoints receive traffic while they serve if there is no ready one.
        return [.. services.Distinct().Where(s => !map.EndpointsOf(s).Any(e => e.Ready || e.Serving)).Select(s => s.ToString())];
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();
}
