using System.Globalization;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Settings;

/// <summary>Result of <see cref="RevertGuard"/>.</summary>
/// <param name="Outcome">The outcome if nothing is to be written; null = write the previous value.</param>
/// <param name="Message">Message for the user, or null.</param>
internal readonly record struct RevertVerdict(SettingOutcome? Outcome, string? Message)
{
    /// <summary>Reason code of an outcome other than a revert.</summary>
    public string? Code => Outcome switch
    {
        SettingOutcome.Void => SettingReasons.Void,
        SettingOutcome.Drifted => SettingReasons.Drifted,
        SettingOutcome.Withheld => SettingReasons.Withheld,
        _ => null,
    };
}

internal static class RevertGuard
{
    /// <param name="change">The change.</param>
    /// <param name="isSameBoot">Whether the kernel has not rebooted since the change.</param>
    /// <param name="now">The current value.</param>
    /// <param name="proxy">Last reading of kube-proxy; null = none yet.</param>
    /// <param name="entries">Entries in the table; null = unknown.</param>
    /// <param name="breakGlass">Whether a user overrides the guard.</param>
    public static RevertVerdict Evaluate(OpenChange change, bool isSameBoot, string now, ProxyReading? proxy, long? entries, bool breakGlass)
    {
        if (!isSameBoot)
        {
            return new(SettingOutcome.Void,
                $"The node has rebooted since the change, which resets its settings: nothing was reverted. {change.Key} is {now}.");
        }

        if (now == change.Before)
            return new(SettingOutcome.Reverted, $"The previous value was already restored: {change.Key} is {now}.");
        if (now != change.Written)
        {
            return new(SettingOutcome.Drifted,
                $"{change.Key} is {now} and not {change.Written}, which was written: something else has changed it since, so it was not reverted. "
                + $"To get {change.Before}, set it manually.");
        }

        if (change is { Key: SettingCatalog.Max } && entries is { } count && long.TryParse(change.Before, CultureInfo.InvariantCulture, out long max)
            && count >= max && !breakGlass)
        {
            return new(SettingOutcome.Withheld,
                $"The table has {count} entries, and the previous maximum is {max}: every new connection would be dropped. "
                + "Revert it when the table is smaller, or use break-glass.");
        }

        if (change is not { Key: SettingCatalog.BeLiberal, Before: "0" })
            return default;
        if (proxy is not { Answers: true } || !double.IsFinite(proxy.ProcessStart) || proxy.ProcessStart <= 0)
        {
            return new(null, "Reverted. The start time of kube-proxy is unknown: if it started while this was 1, it has no rule that drops INVALID "
                + "segments, and clients are unprotected now. Check for INVALID in: iptables -S KUBE-FORWARD.");
        }

        if (proxy.ProcessStart * 1000 <= change.WrittenAtMs)
            return default;
        string started = NodeSettingGuard.Time((long)Math.Min(proxy.ProcessStart * 1000, long.MaxValue / 2));
        return breakGlass
            ? new(null, $"Reverted with break-glass: kube-proxy started at {started} while this was 1 and has no rule that drops INVALID segments. "
                + "Restart kube-proxy on this node now.")
            : new(SettingOutcome.Withheld, $"Not reverted: kube-proxy started at {started}, after {change.Key} was set to 1, and therefore has no rule that drops INVALID "
                + "segments. With 0 clients would be unprotected. Break glass to revert it and restart kube-proxy on this node immediately; "
                + "or keep 1 and make it permanent in kube-proxy's configuration (conntrack.tcpBeLiberal: true).");
    }
}
