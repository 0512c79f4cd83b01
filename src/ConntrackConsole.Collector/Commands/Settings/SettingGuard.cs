using System.Globalization;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Settings;

/// <summary>Checks of the node itself before it changes a setting. Pure; the message of a refusal is shown to the user.</summary>
internal static class SettingGuard
{
    /// <summary>Why the current value must not be replaced by a new one, or null.</summary>
    /// <param name="kind">Which setting.</param>
    /// <param name="value">The new value, as received.</param>
    /// <param name="now">The current value.</param>
    /// <param name="memoryBytes">The machine's memory in bytes; null = unknown.</param>
    public static Reason? Refuse(SettingKind kind, string? value, string now, long? memoryBytes)
    {
        if (kind.Refuse(value) is { } refusal)
            return refusal with { Message = Short(refusal.Message) };
        if (kind.Carrier == SettingCarrier.Filter)
        {
            if (value == SettingCatalog.Off)
                return new(SettingReasons.FilterOff, "To switch the filter off, revert its change; 'off' cannot be set.");
            return now == SettingCatalog.Off || now == value ? null
                : new Reason(SettingReasons.FilterArmed, $"The filter is already armed ({now}) by an action that is not in this journal. The kernel disarms it automatically: wait, or remove the table manually.");
        }

        if (kind.IsIncreaseOnly && long.TryParse(now, CultureInfo.InvariantCulture, out long before) && long.Parse(value!, CultureInfo.InvariantCulture) < before)
            return new(SettingReasons.OnlyUp, $"{kind.Key} is {now} and can only be raised here; lower it manually when the table is small enough.");
        return kind.Key == SettingCatalog.Max && now != value ? RefuseMax(long.Parse(value!, CultureInfo.InvariantCulture), memoryBytes) : null;
    }

    /// <summary>Why the time until the revert is invalid, or null.</summary>
    public static Reason? RefuseTime(SettingKind kind, long revertAfterMs) => revertAfterMs > 0 && revertAfterMs <= kind.MaxRevertMs
        ? null
        : new Reason(SettingReasons.InvalidRevertTime, $"{kind.Key} must be reverted after more than 0 ms and at most {kind.MaxRevertMs / 1000} s; the command requests {revertAfterMs} ms.");

    /// <summary>Why a key cannot be changed while another change of it is open.</summary>
    public static Reason RefuseOpen(OpenChange open) =>
        new(SettingReasons.OpenChange, $"{open.Key} was changed from {open.Before} to {open.Written} by the action {open.ActionId}, which this node reverts at "
        + $"{Time(open.RevertAtMs)}: revert that change first.");

    internal static string Time(long atMs) => DateTimeOffset
        .FromUnixTimeMilliseconds(Math.Clamp(atMs, DateTimeOffset.MinValue.ToUnixTimeMilliseconds(), DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()))
        .ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    // Entries are kernel memory that cannot be reclaimed: a full table must not exhaust the node's memory.
    private static Reason? RefuseMax(long value, long? memoryBytes)
    {
        if (memoryBytes is not { } memory)
            return new(SettingReasons.MemoryUnknown, "This node's memory cannot be read (/proc/meminfo), so the table must not be enlarged.");
        long max = memory / 4 / SettingCatalog.BytesPerEntry;
        return value <= max ? null
            : new Reason(SettingReasons.MemoryExceeded, $"{value} entries take up to {value * SettingCatalog.BytesPerEntry / 1_048_576} MiB of kernel memory; this node has {memory / 1_048_576} MiB, "
                + $"of which the table may use a quarter: at most {max} entries.");
    }

    private static string Short(string refusal) => TextSummary.Truncate(refusal, NodeCommandGuard.MaxText);
}
