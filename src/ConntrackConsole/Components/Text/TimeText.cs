using System.Globalization;

namespace ConntrackConsole.Components.Text;

/// <summary>Parses typed times: with or without a date, with a zone or in the displayed one.</summary>
internal static class TimeText
{
    /// <summary>What can be typed, with the date of today: another one would look like that of the data.</summary>
    public static string Examples(ViewerClock clock, long nowMs) =>
        string.Create(CultureInfo.InvariantCulture, $"{clock.At(nowMs):yyyy-MM-dd} 17:05, 17:05:30, {clock.At(nowMs):yyyy-MM-dd}T17:05:30Z, -2h or now");

    private static readonly string[] DateTimeFormats = ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd"];
    private static readonly string[] TimeFormats = ["HH:mm:ss", "HH:mm", "H:mm"];

    public static long? Parse(string? text, ViewerClock clock, long nowMs)
    {
        string typed = (text ?? "").Trim();
        if (typed.Length is 0 or > 40)
            return null;
        if (typed.Equals("now", StringComparison.OrdinalIgnoreCase))
            return nowMs;
        if (typed[0] == '-')
            return Ago(typed[1..], nowMs);
        var culture = CultureInfo.InvariantCulture;
        if (DateTime.TryParseExact(typed, DateTimeFormats, culture, DateTimeStyles.None, out var at))
            return InZone(at, clock);
        if (TimeOnly.TryParseExact(typed, TimeFormats, culture, DateTimeStyles.None, out var time))
        {
            // Today, or yesterday if that time is still in the future.
            var today = clock.At(nowMs).Date;
            long ms = InZone(today + time.ToTimeSpan(), clock);
            return ms <= nowMs ? ms : InZone(today.AddDays(-1) + time.ToTimeSpan(), clock);
        }

        // With an explicit zone: Z or an offset at the end.
        bool zoned = typed[^1] is 'Z' or 'z' || (typed.Length > 16 && typed[^6] is '+' or '-');
        return zoned && DateTimeOffset.TryParse(typed, culture, DateTimeStyles.AssumeUniversal, out var parsed) ? parsed.ToUnixTimeMilliseconds() : null;
    }

    public static string Write(long ms, ViewerClock clock) => clock.At(ms).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static long? Ago(string length, long nowMs)
    {
        long unit = length.Length < 2 ? 0 : length[^1] switch { 's' => 1_000, 'm' => 60_000, 'h' => 3_600_000, 'd' => 86_400_000, _ => 0 };
        return unit > 0 && int.TryParse(length[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count <= 100_000
            ? Math.Max(0, nowMs - (count * unit))
            : null;
    }

    // A skipped hour (DST) reads as the one after it; a repeated hour as the first.
    private static long InZone(DateTime at, ViewerClock clock)
    {
        var zone = clock.Local ? clock.Zone : TimeZoneInfo.Utc;
        if (zone.IsInvalidTime(at))
            at = at.AddHours(1);
        var offset = zone.IsAmbiguousTime(at) ? zone.GetAmbiguousTimeOffsets(at).Max() : zone.GetUtcOffset(at);
        return new DateTimeOffset(DateTime.SpecifyKind(at, DateTimeKind.Unspecified), TimeSpan.Zero).ToUnixTimeMilliseconds() - (long)offset.TotalMilliseconds;
    }
}
