using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.ShellText;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Text;

/// <summary>Equivalent shell commands per node, and how they differ from the action.</summary>
internal static class ActionCommands
{
    public static string Differs(ActionKind kind) => kind == ActionKind.Flush
        ? "Unlike the action, the command deletes everything that matches when it runs, including live connections, without guards or an audit entry."
        : "Unlike the action, the command is not reverted automatically, and it runs without guards or an audit entry.";

    public static IReadOnlyList<string> For(ActionPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return plan.Request.Kind == ActionKind.Flush ? [Flush(plan.Request)] : [.. Setting(plan)];
    }

    private static string Flush(ActionRequest request) =>
        ConntrackLine.Of("-D", request.Scope?.Proto, request.Scope?.Vip, (ushort?)request.Scope?.VipPort, request.PodIp);

    private static IEnumerable<string> Setting(ActionPlan plan)
    {
        if (SettingCatalog.Find(plan.Request.Key) is not { } kind)
            yield break;
        string value = plan.Request.Value ?? "";
        if (kind.Carrier == SettingCarrier.Sysctl)
        {
            yield return $"sysctl -w {kind.Key}={value}";
            foreach (string before in plan.Readings.Select(r => r.Value).OfType<string>().Where(v => v != value).Distinct().Take(3))
                yield return $"sysctl -w {kind.Key}={before}   # revert";
        }
        else if (kind.Carrier == SettingCarrier.Ipvs)
        {
            // 0 leaves a timeout unchanged.
            yield return kind.Key switch { "ipvs.timeout_tcp" => $"ipvsadm --set {value} 0 0", "ipvs.timeout_tcpfin" => $"ipvsadm --set 0 {value} 0", _ => $"ipvsadm --set 0 0 {value}" };
        }
        else
        {
            foreach (string hook in value.Split('+'))
                yield return $"nft 'add table inet by_hand; add chain inet by_hand {hook} {{ type filter hook {hook} priority 0; }}; add rule inet by_hand {hook} ct state invalid drop'";
            yield return "nft delete table inet by_hand   # revert";
        }
    }
}
