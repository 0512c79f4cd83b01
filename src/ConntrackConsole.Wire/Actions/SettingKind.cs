namespace ConntrackConsole.Wire;

/// <summary>What carries a setting.</summary>
public enum SettingCarrier
{
    /// <summary>A file below /proc/sys/net/netfilter.</summary>
    Sysctl,
    /// <summary>IPVS, by generic netlink; only on nodes where kube-proxy runs in ipvs mode.</summary>
    Ipvs,
    /// <summary>Our own nftables table, whose rule the kernel disarms by itself.</summary>
    Filter,
}

/// <summary>One setting that may be changed on a node, with what a person must know before the click.</summary>
/// <param name="Key">Its name, as nodes tell it in their frames.</param>
/// <param name="Carrier">What carries it.</param>
/// <param name="Values">The only values that may be written; empty where <paramref name="Least"/> and <paramref name="Most"/> bound a number.</param>
/// <param name="Least">Smallest number.</param>
/// <param name="Most">Largest number.</param>
/// <param name="Default">The kernel's default, in words.</param>
/// <param name="Unit">seconds, entries, or empty.</param>
/// <param name="Meaning">What it does.</param>
/// <param name="Trap">What goes wrong with it; empty where nothing is known.</param>
/// <param name="Lasting">How to make it last: the file or the field to commit. {value} stands for the value.</param>
public sealed record SettingKind(
    string Key, SettingCarrier Carrier, IReadOnlyList<string> Values, long Least, long Most, string Default, string Unit,
    string Meaning, string Trap, string Lasting)
{
    /// <summary>Longest time after which it must be set back, milliseconds.</summary>
    public long LongestMs { get; init; } = 24 * 60 * 60 * 1000L;

    /// <summary>It may only be raised.</summary>
    public bool OnlyUp { get; init; }

    /// <summary>Why a value may not be written, or null.</summary>
    /// <param name="value">The value as it was given.</param>
    public Reason? Refuse(string? value)
    {
        if (Values.Count > 0)
            return value is not null && Values.Contains(value) ? null : Invalid($"{Key} takes {string.Join(" or ", Values)}, not '{value}'.");
        // Only the plain form, so that what is compared later is what was written.
        return long.TryParse(value, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long number)
            && number >= Least && number <= Most && (value.Length == 1 || value[0] != '0')
            ? null
            : Invalid($"{Key} takes whole numbers from {Least} to {Most}, not '{value}'.");
    }

    private static Reason Invalid(string message) => new(SettingReasons.InvalidValue, message);
}
