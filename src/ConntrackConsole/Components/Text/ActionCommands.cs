
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Text;

/// <summary>What a person would type on each node for the same, and how that differs.</summary>
internal static class ActionCommands
{
    public static string Differs(ActionKind kind) => kind == ActionKind.Flush
        ? "Not the same: typed by hand it deletes whatever matches at that moment, live connections too, and nobody checks or writes it down."
        : "Not the same: typed by hand nothing sets it back, and nobody checks or writes it down.";

    public static IReadOnlyList<string> For(ActionPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return plan.Request.Kind == ActionKind.Flush ? [Flush(plan.Request)] : [.. Setting(plan)];
    }

    private static string Flush(ActionRequest ask)
    {
        string family = ask.PodIp?.Contains(':', StringComparison.Ordinal) == true ? " -f ipv6" : "";
        string proto = (ask.Scope?.Proto ?? (ask.Scope?.VipPort is null ? null : "tcp")) is { } named ? $" -p {named}" : "";
        string vip = ask.Scope?.Vip is { } address ? $" -d {address}" : "";
        string port = ask.Scope?.VipPort is { } number ? $" --orig-port-dst {number}" : "";
        // The reply's source is the backend: the pod's address stands nowhere else in the entry of a Service flow.
        return $"conntrack -D{family}{proto}{vip}{port} -r {ask.PodIp}";
    }

    private static IEnumerable<string> Setting(ActionPlan plan)
    {
        if (SettingCatalog.Find(plan.Request.Key) is not { } kind)
            yield break;
        string value = plan.Request.Value ?? "";
        if (kind.Carrier == SettingCarrier.Sysctl)
        {
            yield return $"sysctl -w {kind.Key}={value}";
            foreach (string before in plan.Readings.Select(r => r.Value).OfType<string>().Where(v => v != value).Distinct().Take(3))
                yield return $"sysctl -w {kind.Key}={before}   # back";
        }
        else if (kind.Carrier == SettingCarrier.Ipvs)
        {
            // 0 leaves a timeout as it is.
            yield return kind.Key switch { "ipvs.timeout_tcp" => $"ipvsadm --set {value} 0 0", "ipvs.timeout_tcpfin" => $"ipvsadm --set 0 {value} 0", _ => $"ipvsadm --set 0 0 {value}" };
        }
        else
        {
            foreach (string hook in value.Split('+'))
                yield return $"nft 'add table inet by_hand; add chain inet by_hand {hook} {{ type filter hook {hook} priority 0; }}; add rule inet by_hand {hook} ct state invalid drop'";
            yield return "nft delete table inet by_hand   # back";
        }
    }
}
