using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Nodes;

namespace ConntrackConsole.Checks.Model;

/// <summary>One node at one moment.</summary>
/// <param name="Info">Null if the node is not in the cluster.</param>
/// <param name="Facts">Null if no collector has ever reported from it.</param>
/// <param name="HasBackends">Pods on it are backends of a Service: there is traffic to translate.</param>
internal sealed record NodeCheckContext(string Name, NodeInfo? Info, NodeFacts? Facts, bool HasBackends)
{
    public CheckSubject Subject { get; } = CheckSubject.OfNode(Name);

    public SettingFact? Setting(string name) => Facts?.Settings.TryGetValue(name, out var setting) == true ? setting : null;

    /// <summary>
    /// The node has backends, no entry refers to a virtual address, and no kube-proxy answers: something else handles the
    /// Services.
    /// </summary>
    public bool Bypasses => HasBackends && Facts is { TableKnown: true, HasVipEntries: false, Proxy: null or { Reading: { Answers: false, HealthStatus: 0 } } };

    public CheckResult Result(CheckName check, CheckState state, string value, string threshold, string sentence) =>
        state == CheckState.InsufficientData
            ? throw new ArgumentException($"{check.Code}: insufficient data needs a reason code; use {nameof(InsufficientData)}.", nameof(state))
            : new CheckResult(check, Subject, state, value, threshold, sentence) { ReadMs = Facts?.HeardMs };

    /// <param name="code">The reason: one of <see cref="UnknownCodes"/>.</param>
    public CheckResult InsufficientData(CheckName check, string code, string sentence, string value = "", string threshold = "") =>
        new(check, Subject, CheckState.InsufficientData, value, threshold, sentence) { ReadMs = Facts?.HeardMs, UnknownCode = code };

    /// <summary>Why a check of this node has insufficient data now, or null.</summary>
    public CheckResult? MissingData(CheckContext context, CheckName check)
    {
        if (Facts is not { HeardMs: > 0 } facts)
            return InsufficientData(check, UnknownCodes.NoCollector, "No collector has reported from this node: start one there with conntrack-collector run.");
        return context.NowMs - facts.HeardMs > context.Limits.NodeSilentMs
            ? InsufficientData(check, UnknownCodes.CollectorSilent, "The collector of this node is silent: its last report may be outdated.") with { SinceMs = facts.HeardMs }
            : null;
    }

    /// <summary>The same for checks of kube-proxy's metrics; a result contains the age of the reading.</summary>
    public CheckResult? MissingProxyData(CheckContext context, CheckName check)
    {
        if (MissingData(context, check) is { } unknown)
            return unknown;
        if (Bypasses)
            return Result(check, CheckState.NotApplicable, "", "", "No kube-proxy responds here and no entry refers to a Service: conntrack is bypassed.");
        if (Facts!.Proxy is not { } proxy)
            return InsufficientData(check, UnknownCodes.NoProxyReading, "This node has not reported kube-proxy's metrics yet.") with { Commands = [Shell.ProxyHealth] };
        if (!proxy.Reading.Answers)
        {
            return InsufficientData(check, UnknownCodes.ProxyNoAnswer,
                $"{(proxy.Reading.HealthStatus == 0 ? "kube-proxy does not respond on 127.0.0.1:10249" : $"Its health port answers {proxy.Reading.HealthStatus}, but kube-proxy's metrics do not respond on 127.0.0.1:10249")}: check that it runs and that its metricsBindAddress includes the loopback address.") with
            {
                ReadMs = proxy.HeardMs, SinceMs = proxy.HeardMs, Commands = [Shell.ProxyMode, Shell.ProxyHealth],
            };
        }

        return context.NowMs - proxy.HeardMs > context.Limits.ProxyOldMs
            ? InsufficientData(check, UnknownCodes.ProxyReadingOld, "The last reading of kube-proxy is too old, although its node reports.") with
            {
                ReadMs = proxy.HeardMs, SinceMs = proxy.HeardMs, Commands = [Shell.ProxyMode],
            }
            : null;
    }
}
