using System.Globalization;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Settings;

/// <summary>Whether a change may be set back now. Pure.</summary>
/// <param name="Outcome">What becomes of it without a write; null = write the old value.</param>
/// <param name="Message">What people should know, or null.</param>
internal readonly record struct RevertVerdict(SettingOutcome? Outcome, string? Message)
{
    /// <summary>Stable code of an outcome that is not the old value.</summary>
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
    /// <param name="isSameBoot">Whether the kernel still is the one that it was made in.</param>
    /// <param name="now">The value that is there.</param>
    /// <param name="proxy">What kube-proxy told last; null = it was never asked.</param>
    /// <param name="entries">Entries of the table; null = not known.</param>
    /// <param name="breakGlass">Somebody took the responsibility.</param>
    public static RevertVerdict Judge(OpenChange change, bool isSameBoot, string now, ProxyReading? proxy, long? entries, bool breakGlass)
    {
        if (!isSameBoot)
        {
            return new(SettingOutcome.Void,
                $"The node has booted since the change: its settings began anew, so nothing was set back. {change.Key} is {now}.");
        }

        if (now == change.Before)
            return new(SettingOutcome.Reverted, $"The old value was back already: {change.Key} is {now}.");
        if (now != change.Written)
        {
            return new(SettingOutcome.Drifted,
                $"{change.Key} is {now} and not {change.Written}, which was written: somebody else has changed it since, so it was left alone. "
                + $"If {change.Before} is wanted, somebody has to set it by hand.");
        }

        if (change is { Key: SettingCatalog.Max } && entries is { } count && long.TryParse(change.Before, CultureInfo.InvariantCulture, out long most)
            && count >= most && !breakGlass)
        {
            return new(SettingOutcome.Withheld,
                $"The table holds {count} entries, not fewer than the {most} that would be allowed again: every new connection would be dropped. "
                + "Set it back when the table has become smaller, or break the glass.");
        }

        if (change is not { Key: SettingCatalog.BeLiberal, Before: "0" })
            return default;
        if (proxy is not { Answers: true } || !double.IsFinite(proxy.ProcessStart) || proxy.ProcessStart <= 0)
        {
            return new(null, "The old value is back. When kube-proxy started is not known: did it start while this was 1, it has no rule that drops INVALID "
                + "segments and nothing protects the clients now. Look for INVALID in: iptables -S KUBE-FORWARD.");
        }

        if (proxy.ProcessStart * 1000 <= change.WrittenAtMs)
            return default;
        string started = SettingGuard.Time((long)Math.Min(proxy.ProcessStart * 1000, long.MaxValue / 2));
        return breakGlass
            ? new(null, $"The old value is back, by breaking the glass: kube-proxy started at {started} under 1 and has no rule that drops INVALID segments. "
                + "Restart kube-proxy on this node now.")
            : new(SettingOutcome.Withheld, $"Not set back: kube-proxy started at {started}, after {change.Key} was set to 1, and so has no rule that drops INVALID "
                + "segments. Set back to 0 now, nothing would protect the clients. Break the glass to set it back, then restart kube-proxy on this node at once; "
                + "or keep 1 and commit it in kube-proxy's configuration (conntrack.tcpBeLiberal: true).");
    }
}
