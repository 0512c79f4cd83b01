using ConntrackConsole.Checks.Model;

namespace ConntrackConsole.Checks.Node;

/// <summary>How full the conntrack table is. A full one drops new connections and evicts unassured ones.</summary>
internal static class TableUse
{
    public static readonly CheckName Name = new("table-use", CheckCodes.TableUse, "Table use");

    public static CheckResult Of(CheckContext context, NodeCheckContext node)
    {
        if (node.MissingData(context, Name) is { } unknown)
            return unknown;
        var limits = context.Limits;
        var (count, max) = (node.Facts!.Counters.Count, node.Facts.Counters.Max);
        string threshold = $"≤ {limits.TableWarning:0 %}";
        double use = max == 0 ? double.NaN : (double)count / max;
        const string advice = "Raise net.netfilter.nf_conntrack_max (kube-proxy: conntrack.maxPerCore), or find the clients that create so many entries.";
        var result = double.IsNaN(use)
            ? node.InsufficientData(Name, UnknownCodes.SettingUnknown, "The node does not report the limit of its table.", threshold: threshold)
            : use > limits.TableBad ? node.Result(Name, CheckState.Bad, Text(), threshold, $"New connections are about to be dropped. {advice}")
            : use > limits.TableWarning ? node.Result(Name, CheckState.Warning, Text(), threshold, advice)
            : node.Result(Name, CheckState.Ok, Text(), threshold, "The table has free space.");
        return result with { Commands = [Shell.Sysctl("net.netfilter.nf_conntrack_count", "net.netfilter.nf_conntrack_max")] };

        string Text() => $"{use * 100:0.#} % ({count:N0} of {max:N0})";
    }
}
