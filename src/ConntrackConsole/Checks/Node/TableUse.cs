using ConntrackConsole.Checks.Model;

namespace ConntrackConsole.Checks.Node;

/// <summary>How full the conntrack table is. A full one drops new connections and evicts unassured ones.</summary>
internal static class TableUse
{
    public static readonly CheckName Name = new("table-use", CheckCodes.TableUse, "Table use");

    public static CheckResult Of(CheckContext world, NodeCheckContext node)
    {
        if (node.Untold(world, Name) is { } untold)
            return untold;
        var limits = world.Limits;
        var (count, max) = (node.Facts!.Counters.Count, node.Facts.Counters.Max);
        string threshold = $"≤ {limits.TableWarning:0 %}";
        double use = max == 0 ? double.NaN : (double)count / max;
        const string advice = "Raise net.netfilter.nf_conntrack_max (kube-proxy: conntrack.maxPerCore), or find who makes so many entries.";
        var result = double.IsNaN(use)
            ? node.CannotTell(Name, UnknownCodes.SettingUnknown, "The node does not tell the limit of its table.", threshold: threshold)
            : use > limits.TableBad ? node.Result(Name, CheckState.Bad, Text(), threshold, $"New connections are about to be dropped. {advice}")
            : use > limits.TableWarning ? node.Result(Name, CheckState.Warning, Text(), threshold, advice)
            : node.Result(Name, CheckState.Ok, Text(), threshold, "There is room.");
        return result with { Commands = [Shell.Sysctl("net.netfilter.nf_conntrack_count", "net.netfilter.nf_conntrack_max")] };

        string Text() => $"{use * 100:0.#} % ({count:N0} of {max:N0})";
    }
}
