namespace ConntrackConsole.Components.Text;

/// <summary>How this viewer wants to read times. The zone stands on every stamp: incidents are told across time zones.</summary>
public sealed record ViewerClock(bool Local, TimeZoneInfo Zone)
{
    public static readonly ViewerClock Utc = new(false, TimeZoneInfo.Utc);

    /// <param name="browserZone">The browser's IANA name; a name that this machine does not know reads as UTC.</param>
    public static ViewerClock For(bool local, string? browserZone) =>
        new(local, browserZone is { Length: < 64 } && TimeZoneInfo.TryFindSystemTimeZoneById(browserZone, out var zone) ? zone : TimeZoneInfo.Utc);

    public string Time(long ms) => Write(ms, Local, "HH:mm:ss");

    public string Full(long ms) => Write(ms, Local, "yyyy-MM-dd HH:mm:ss");

    /// <summary>The same moment in the other zone, for the hover.</summary>
    public string Other(long ms) => Write(ms, !Local, "yyyy-MM-dd HH:mm:ss");

    /// <summary>The time of day and date that this viewer reads.</summary>
    public DateTime At(long ms) => TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeMilliseconds(ms), Local ? Zone : TimeZoneInfo.Utc).DateTime;

    private string Write(long ms, bool local, string format)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(ms);
        return local
            ? TimeZoneInfo.ConvertTime(at, Zone).ToString(format + " zzz", System.Globalization.CultureInfo.InvariantCulture)
            : at.ToString(format + "'Z'", System.Globalization.CultureInfo.InvariantCulture);
    }
}
