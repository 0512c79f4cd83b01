using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Checks.Model;

/// <summary>One Service at one moment.</summary>
/// <param name="Pods">The pods in its slices.</param>
/// <param name="Ready">Endpoints that are ready.</param>
/// <param name="Draining">Endpoints that terminate and serve.</param>
/// <param name="Endpoints">All endpoints.</param>
/// <param name="Ends">Terminations of its pods, newest first.</param>
/// <param name="LastActive">Time of the last conversation of those without a known end of their containers.</param>
internal sealed record ServiceCheckContext(
    ServiceInfo Info, IReadOnlyList<PodInfo> Pods, int Ready, int Draining, int Endpoints,
    ServiceEntries Entries, IReadOnlyList<Termination> Ends, IReadOnlyDictionary<Ip, long> LastActive)
{
    public CheckSubject Subject { get; } = CheckSubject.Of(Info.Key);

    /// <summary>Addresses in its slices that receive connections although no pod owns them, each with the time since when, if known.</summary>
    public IReadOnlyList<(Ip Ip, string? LastOwner, long? SinceMs)> Unowned { get; init; } = [];

    /// <summary>Endpoints of pods that terminate, whether they serve or not.</summary>
    public int Terminating { get; init; }

    /// <summary>What IPVS keeps of its connections, by reporting node and server.</summary>
    public IReadOnlyList<ServiceIpvs> Ipvs { get; init; } = [];

    public string Namespace => Info.Key.Namespace;

    public static ServiceCheckContext Of(
        ClusterMap map, ServiceInfo info, ServiceEntries entries, IReadOnlyList<Termination> ends, IReadOnlyDictionary<Ip, long> lastActive)
    {
        var pods = new List<PodInfo>();
        HashSet<string>? seen = null;
        List<(Ip, string?, long?)>? unowned = null;
        int ready = 0, draining = 0, terminating = 0, all = 0;
        foreach (var endpoint in map.EndpointsOf(info.Key))
        {
            if (endpoint.Serving)
                AddUnowned(endpoint);
            // A pod of two address families, or in two slices, is one endpoint.
            if (endpoint.PodUid is { } uid && !(seen ??= []).Add(uid))
                continue;
            all++;
            terminating += endpoint.Terminating ? 1 : 0;
            if (endpoint is { Terminating: true, Serving: true })
                draining++;
            else if (endpoint.Ready)
                ready++;
            if (endpoint.PodUid is { } pod && map.Pods.TryGetValue(pod, out var known) && !known.ContainersEnded)
                pods.Add(known);
        }

        return new ServiceCheckContext(info, pods, ready, draining, all, entries, ends, lastActive)
        {
            Unowned = unowned ?? (IReadOnlyList<(Ip, string?, long?)>)[], Terminating = terminating,
        };

        // An address that never was a pod's and names no pod is outside the cluster, or another thing's: only its slice knows.
        void AddUnowned(SliceEndpoint endpoint)
        {
            foreach (var ip in endpoint.Addresses)
            {
                // Nearly all have an owner; its name costs a string.
                if (map.OwnerStateOf(ip) is not (OwnerState.Gone or OwnerState.Unknown))
                    continue;
                var owner = map.OwnerOf(ip);
                bool isGone = owner.State == OwnerState.Gone;
                bool isMissing = owner.State == OwnerState.Unknown && endpoint.PodUid is { } uid && !map.Pods.ContainsKey(uid);
                if (isGone || isMissing)
                    (unowned ??= []).Add((ip, owner.Name, owner.SinceMs));
            }
        }
    }

    public CheckResult Result(CheckName check, CheckState state, string value, string threshold, string sentence) =>
        state == CheckState.InsufficientData
            ? throw new ArgumentException($"{check.Code}: insufficient data needs a reason code; use {nameof(InsufficientData)}.", nameof(state))
            : new CheckResult(check, Subject, state, value, threshold, sentence);

    public CheckResult NotApplicable(CheckName check, string sentence) => Result(check, CheckState.NotApplicable, "", "", sentence);

    /// <param name="code">The reason: one of <see cref="UnknownCodes"/>.</param>
    public CheckResult InsufficientData(CheckName check, string code, string sentence) =>
        new(check, Subject, CheckState.InsufficientData, "", "", sentence) { UnknownCode = code };

    /// <summary>Why a check of this Service has insufficient data now, or null.</summary>
    /// <param name="kinds">The kinds of objects that the check needs.</param>
    public CheckResult? MissingData(CheckContext context, CheckName check, params string[] kinds)
    {
        if (context.Missing(kinds) is { } missing)
            return InsufficientData(check, UnknownCodes.KindNotListed, missing);
        if (context.ClusterMs is not { } readMs || !context.IsListed)
            return InsufficientData(check, UnknownCodes.ClusterNotListed, "The cluster is not listed yet.");
        return context.NowMs - readMs > context.Limits.ClusterOldMs
            ? InsufficientData(check, UnknownCodes.ClusterOld, "The cluster state is outdated: the watch of the Kubernetes API has stopped responding.") with { ReadMs = readMs, SinceMs = readMs }
            : null;
    }
}
