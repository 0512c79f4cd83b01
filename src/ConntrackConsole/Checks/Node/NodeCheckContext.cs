
using ConntrackConsole.Checks.Service;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Nodes;

namespace ConntrackConsole.Checks.Node;

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
        state == CheckState.CannotTell
            ? throw new ArgumentException($"Why {check.Code} cannot tell needs a code: use {nameof(CannotTell)}.", nameof(state))
            : new CheckResult(check, Subject, state, value, threshold, sentence) { ReadMs = Facts?.HeardMs };

    /// <param name="code">The reason: one of <see cref="UnknownCodes"/>.</param>
    public CheckResult CannotTell(CheckName check, string code, string sentence, string value = "", string threshold = "") =>
        new(check, Subject, CheckState.CannotTell, value, threshold, sentence) { ReadMs = Facts?.HeardMs, UnknownCode = code };

    /// <summary>Why a check of this node has insufficient data now, or null.</summary>
    public CheckResult? Untold(CheckContext world, CheckName check)
    {
        if (Facts is not { HeardMs: > 0 } facts)
            return CannotTell(check, UnknownCodes.NoCollector, "No collector has reported from this node: start one there with conntrack-collector run.");
        return world.NowMs - facts.HeardMs > world.Limits.NodeSilentMs
            ? CannotTell(check, UnknownCodes.CollectorSilent, "The collector of this node is silent: what it told last may no longer be true.") with { SinceMs = facts.HeardMs }
            : null;
    }

    /// <summary>The same for checks of kube-proxy's metrics; a result contains the age of the reading.</summary>
    public CheckResult? ProxyUntold(CheckContext world, CheckName check)
    {
        if (Untold(world, check) is { } untold)
            return untold;
        if (Bypasses)
            return Result(check, CheckState.NotApplicable, "", "", "No kube-proxy answers here and no entry names a Service: conntrack is bypassed.");
        if (Facts!.Proxy is not { } proxy)
            return CannotTell(check, UnknownCodes.NoProxyReading, "No reading of kube-proxy has come from this node yet.") with { Commands = [Shell.ProxyHealth] };
        if (!proxy.Reading.Answers)
        {
            return CannotTell(check, UnknownCodes.ProxyNoAnswer,
                "kube-proxy does not answer on 127.0.0.1:10249: does it run, and does its metricsBindAddress include the loopback?") with
            {
                ReadMs = proxy.HeardMs, SinceMs = proxy.HeardMs, Commands = [Shell.ProxyMode, Shell.ProxyHealth],
            };
        }

        return world.NowMs - proxy.HeardMs > world.Limits.ProxyOldMs
            ? CannotTell(check, UnknownCodes.ProxyReadingOld, "kube-proxy was not read lately, though its node reports.") with
            {
                ReadMs = proxy.HeardMs, SinceMs = proxy.HeardMs, Commands = [Shell.ProxyMode],
            }
            : null;
    }
}
