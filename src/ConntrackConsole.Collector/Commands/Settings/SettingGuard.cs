using System.Globalization;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Settings;

/// <summary>What the node itself can check before it changes a setting. Pure; each refusal is the sentence that the user reads.</summary>
internal static class SettingGuard
{
    /// <summary>Why a value may not be written over another, or null.</summary>
    /// <param name="kind">Which setting.</param>
    /// <param name="value">The new value, as it came.</param>
    /// <param name="now">The value that is there.</param>
    /// <param name="memoryBytes">The machine's memory; null = not known.</param>
    public static Reason? Refuse(SettingKind kind, string? value, string now, long? memoryBytes)
    {
        if (kind.Refuse(value) is { } refusal)
            return refusal with { Message = Short(refusal.Message) };
        if (kind.Carrier == SettingCarrier.Filter)
        {
            if (value == SettingCatalog.Off)
                return new(SettingReasons.FilterOff, "The filter is switched off by setting its change back; 'off' is no change of its own.");
            return now == SettingCatalog.Off || now == value ? null
                : new Reason(SettingReasons.FilterArmed, $"The filter is armed already ({now}) by something that this journal does not know. The kernel disarms it by itself: wait for it, or remove the table by hand.");
        }

        if (kind.IsIncreaseOnly && long.TryParse(now, CultureInfo.InvariantCulture, out long before) && long.Parse(value!, CultureInfo.InvariantCulture) < before)
            return new(SettingReasons.OnlyUp, $"{kind.Key} is {now} and may only be raised here; lower it by hand, when the table has become small enough.");
        return kind.Key == SettingCatalog.Max && now != value ? RefuseMax(long.Parse(value!, CultureInfo.InvariantCulture), memoryBytes) : null;
    }

    /// <summary>Why a change may not stay for so long, or null.</summary>
    public static Reason? RefuseTime(SettingKind kind, long revertAfterMs) => revertAfterMs > 0 && revertAfterMs <= kind.MaxRevertMs
        ? null
        : new Reason(SettingReasons.InvalidRevertTime, $"{kind.Key} must be set back after at least a moment and at most {kind.MaxRevertMs / 1000} s; the order says {revertAfterMs} ms.");

    /// <summary>Why a key cannot be changed while another change of it is open.</summary>
    public static Reason RefuseOpen(OpenChange open) =>
        new(SettingReasons.OpenChange, $"{open.Key} was changed from {open.Before} to {open.Written} by the action {open.ActionId}, which this node sets back at "
        + $"{Time(open.RevertAtMs)}: set that back first, one change at a time.");

    internal static string Time(long atMs) => DateTimeOffset
        .FromUnixTimeMilliseconds(Math.Clamp(atMs, DateTimeOffset.MinValue.ToUnixTimeMilliseconds(), DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()))
        .ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    // Entries are kernel memory that nothing can take back: a full table must not starve the node.
    private static Reason? RefuseMax(long value, long? memoryBytes)
    {
        if (memoryBytes is not { } memory)
            return new(SettingReasons.MemoryUnknown, "This node's memory cannot be read (/proc/meminfo), so no larger table is allowed.");
        long most = memory / 4 / SettingCatalog.BytesPerEntry;
        return value <= most ? null
            : new Reason(SettingReasons.MemoryExceeded, $"{value} entries take up to {value * SettingCatalog.BytesPerEntry / 1_048_576} MiB of kernel memory; this node has {memory / 1_048_576} MiB, "
                + $"of which a quarter may go to the table: {most} entries at most.");
    }

    private static string Short(string refusal) => TextSummary.Truncate(refusal, NodeCommandGuard.MaxText);
}
