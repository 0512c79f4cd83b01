using System.Globalization;
using ConntrackConsole.Lab.Instances;

namespace ConntrackConsole.Lab;

/// <summary>How a lab differs from the plain one, so that a diagnosis is not fitted to it.</summary>
/// <param name="IPv6">Nodes, pods and Services have IPv6 addresses only.</param>
/// <param name="Maps">The rules are verdict maps, as those of kube-proxy's nftables mode, instead of a rule for each endpoint.</param>
/// <param name="Nodes">Number of nodes.</param>
/// <param name="Rate">How many times as often the clients of scenarios ask, and have connections of the rolling Service.</param>
/// <param name="Gap">In the middle of each scenario the collectors are killed, and start again after some seconds.</param>
internal sealed record LabVariant(bool IPv6 = false, bool Maps = false, int Nodes = AddressPlan.Nodes, double Rate = 1, bool Gap = false)
{
    /// <summary>How a variant is written.</summary>
    public const string Form = "ipv6, nftables, nodes=1..3, rate=0.2..10, gap; several with commas";

    public static readonly LabVariant Plain = new();

    /// <summary>Those that `all` stands for: the plain lab, each difference alone, and some together.</summary>
    public static readonly IReadOnlyList<LabVariant> All =
    [
        Plain, new(Maps: true), new(IPv6: true), new(IPv6: true, Maps: true), new(Nodes: 1), new(Nodes: 2, Maps: true), new(Rate: 0.4), new(Rate: 3), new(Gap: true),
    ];

    /// <summary>Its rules are written by scripts of nft.</summary>
    public bool HasScriptedRules => IPv6 || Maps;

    /// <summary>Null if the text is no variant. An empty text is the plain lab.</summary>
    public static LabVariant? TryParse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var variant = Plain;
        foreach (string word in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (word.Split('=') is not [var name, .. { Length: < 2 } values])
                return null;
            string value = values is [var given] ? given : "";
            variant = name switch
            {
                "ipv6" when values.Length == 0 => variant with { IPv6 = true },
                "nftables" when values.Length == 0 => variant with { Maps = true },
                "gap" when values.Length == 0 => variant with { Gap = true },
                "nodes" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int nodes) && nodes is >= 1 and <= AddressPlan.Nodes => variant with { Nodes = nodes },
                "rate" when double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double rate) && rate is >= 0.2 and <= 10 => variant with { Rate = rate },
                _ => null,
            };
            if (variant is null)
                return null;
        }

        return variant;
    }

    /// <summary>Its words in one order; empty for the plain lab.</summary>
    public override string ToString()
    {
        string[] words =
        [
            .. IPv6 ? ["ipv6"] : (string[])[], .. Maps ? ["nftables"] : (string[])[], .. Nodes == Plain.Nodes ? (string[])[] : [$"nodes={Nodes}"],
            .. Rate == Plain.Rate ? (string[])[] : [string.Create(CultureInfo.InvariantCulture, $"rate={Rate}")], .. Gap ? ["gap"] : (string[])[],
        ];
        return string.Join(',', words);
    }

    /// <summary>The arguments of a workload with its intervals at this rate.</summary>
    public IReadOnlyList<string> AtRate(IReadOnlyList<string> arguments) =>
    [
        .. arguments.Select((argument, i) => i > 0 && arguments[i - 1] is "--interval-ms" or "--push-ms" && int.TryParse(argument, NumberStyles.None, CultureInfo.InvariantCulture, out int ms)
            ? Math.Max(20, (int)(ms / Rate)).ToString(CultureInfo.InvariantCulture) : argument),
    ];
}
