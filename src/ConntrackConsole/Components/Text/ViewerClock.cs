namespace ConntrackConsole.Components.Text;

/// <summary>Time zone of the viewer. Every timestamp includes its zone: incidents are discussed across time zones.</summary>
public sealed record ViewerClock(bool Local, TimeZoneInfo Zone)
{
    public static readonly ViewerClock Utc = new(false, TimeZoneInfo.Utc);

    /// <param name="browserZone">The browser's IANA zone; UTC if this host does not know it.</param>
    public static ViewerClock For(bool local, string? browserZone) =>
        new(local, browserZone is { Length: < 64 } && TimeZoneInfo.TryFindSystemTimeZoneById(browserZone, out var zone) ? zone : TimeZoneInfo.Utc);

    public string Time(long ms) => Write(ms, Local, "HH:mm:ss");

    public string Full(long ms) => Write(ms, Local, "yyyy-MM-dd HH:mm:ss");

    /// <summary>To the millisecond.</summary>
    public string Exact(long ms, bool withDate) => Write(ms, Local, withDate ? "yyyy-MM-dd HH:mm:ss.fff" : "HH:mm:ss.fff");

    /// <summary>The same time in the other zone, for the tooltip.</summary>
    public string Other(long ms) => Write(ms, !Local, "yyyy-MM-dd HH:mm:ss");

    /// <summary>Date and time in the viewer's zone.</summary>
    public DateTime At(long ms) => TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeMilliseconds(ms), Local ? Zone : TimeZoneInfo.Utc).DateTime;

    private string Write(long ms, bool local, string format)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(ms);
        return local
            ? TimeZoneInfo.ConvertTime(at, Zone).ToString(format + " zzz", System.Globalization.CultureInfo.InvariantCulture)
            : at.ToString(format + "'Z'", System.Globalization.CultureInfo.InvariantCulture);
    }
}
