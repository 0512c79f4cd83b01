using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Nftables;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Settings;

/// <summary>This program's own filter of INVALID packets as a setting: off, forward or forward+input.</summary>
internal static class FilterSetting
{
    private const string Forward = "forward", ForwardAndInput = "forward+input";

    public static (string? Value, string? Why) Read()
    {
        try
        {
            return (ArmedFilter.TryRead(out var state) ? Value(state) : SettingCatalog.Off, null);
        }
        catch (NetlinkException failure)
        {
            return (null, failure.Message);
        }
    }

    /// <summary>Arms or disarms it. Returns an error message, or null.</summary>
    public static string? Write(string value, TimeSpan revertAfter)
    {
        try
        {
            if (value == SettingCatalog.Off)
                ArmedFilter.Disarm();
            else
                ArmedFilter.Arm(revertAfter, input: value == ForwardAndInput);
            return null;
        }
        catch (NetlinkException failure)
        {
            return failure.Message;
        }
    }

    /// <summary>
    /// Removes the table of a filter that the kernel has disarmed: its rule costs every packet a look at an empty set. An armed filter
    /// stays. A failure is harmless, so it is not reported.
    /// </summary>
    /// <returns>How many packets it had dropped; null if there was none to remove.</returns>
    public static ulong? RemoveExpired()
    {
        try
        {
            if (!ArmedFilter.TryRead(out var state) || state.IsArmed)
                return null;
            ArmedFilter.Disarm();
            return (state.Forward?.Packets ?? 0) + (state.Input?.Packets ?? 0);
        }
        catch (NetlinkException)
        {
            return null;
        }
    }

    /// <summary>Why it must not be armed here, or null.</summary>
    public static Reason? Refuse(string proc) => Foreign(proc).FirstOrDefault(rule => rule.Presence == RulePresence.Present) is { Presence: RulePresence.Present } rule
        ? new Reason(SettingReasons.FilterRedundant, $"kube-proxy already drops INVALID packets on this node: {rule.Reason} Another filter would have no effect.")
        : null;

    /// <summary>How many packets it has dropped, and what could not be determined; or null.</summary>
    public static string? Detail(string proc)
    {
        var sentences = Foreign(proc).Where(rule => rule.Presence == RulePresence.Unknown)
            .Select(rule => "Whether kube-proxy already drops INVALID packets is unknown: " + rule.Reason).Distinct().ToList();
        try
        {
            if (ArmedFilter.TryRead(out var state))
            {
                ulong packets = (state.Forward?.Packets ?? 0) + (state.Input?.Packets ?? 0);
                sentences.Insert(0, $"The filter has dropped {packets} INVALID packets{(state.IsArmed ? "." : "; it has expired.")}");
            }
        }
        catch (NetlinkException failure)
        {
            sentences.Insert(0, failure.Message);
        }

        return sentences.Count == 0 ? null : string.Join(' ', sentences);
    }

    private static ForeignRule[] Foreign(string proc) =>
        [ForeignRules.ProxyDropsInvalid(NftFamily.Ipv4, proc), ForeignRules.ProxyDropsInvalid(NftFamily.Ipv6, proc)];

    private static string Value(ArmedState state) => !state.IsArmed ? SettingCatalog.Off
        : state.Forward is null ? "input"
        : state.Input is null ? Forward
        : ForwardAndInput;
}
