namespace ConntrackConsole.Wire;

/// <summary>How a setting is stored in the kernel.</summary>
public enum SettingCarrier
{
    /// <summary>A file below /proc/sys/net/netfilter.</summary>
    Sysctl,
    /// <summary>IPVS, by generic netlink; only on nodes where kube-proxy runs in ipvs mode.</summary>
    Ipvs,
    /// <summary>Our own nftables table; the kernel disarms its rule automatically.</summary>
    Filter,
}

/// <summary>One setting that may be changed on a node, with what the user must know before confirming.</summary>
/// <param name="Key">Its name, as nodes report it in their frames.</param>
/// <param name="Carrier">How it is stored.</param>
/// <param name="Values">The only values that may be written; empty if <paramref name="Min"/> and <paramref name="Max"/> bound a number.</param>
/// <param name="Min">Minimum of a number.</param>
/// <param name="Max">Maximum of a number.</param>
/// <param name="Default">The kernel's default, as text.</param>
/// <param name="Unit">seconds, entries, or empty.</param>
/// <param name="Meaning">What it does.</param>
/// <param name="Trap">What can go wrong; empty if nothing is known.</param>
/// <param name="HowToPersist">How to persist it: the file or field to set. {value} stands for the value.</param>
public sealed record SettingKind(
    string Key, SettingCarrier Carrier, IReadOnlyList<string> Values, long Min, long Max, string Default, string Unit,
    string Meaning, string Trap, string HowToPersist)
{
    /// <summary>Maximum time until the automatic revert, milliseconds.</summary>
    public long MaxRevertMs { get; init; } = 24 * 60 * 60 * 1000L;

    /// <summary>The value may only be raised.</summary>
    public bool IsIncreaseOnly { get; init; }

    /// <summary>Why a value must not be written, or null.</summary>
    /// <param name="value">The value as entered.</param>
    public Reason? Refuse(string? value)
    {
        if (Values.Count > 0)
            return value is not null && Values.Contains(value) ? null : Invalid($"{Key} takes {string.Join(" or ", Values)}, not '{value}'.");
        // Only the canonical form, so that a later comparison with the written value succeeds.
        return long.TryParse(value, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long number)
            && number >= Min && number <= Max && (value.Length == 1 || value[0] != '0')
            ? null
            : Invalid($"{Key} takes whole numbers from {Min} to {Max}, not '{value}'.");
    }

    private static Reason Invalid(string message) => new(SettingReasons.InvalidValue, message);
}
