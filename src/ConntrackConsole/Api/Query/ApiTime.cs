using System.Globalization;

namespace ConntrackConsole.Api.Query;

/// <summary>Times of the API: RFC 3339, written in UTC with milliseconds.</summary>
internal static class ApiTime
{
    private static readonly string[] Formats = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd't'HH:mm:ssK"];

    public static string Text(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(ms, -62_135_596_800_000, 253_402_300_799_999))
        .ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public static string? Text(long? ms) => ms is { } at ? Text(at) : null;

    public static bool TryRead(string text, out DateTimeOffset time) =>
        // A plus sign that was not escaped arrives as a space.
        DateTimeOffset.TryParseExact(text.Trim().Replace(' ', '+'), Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
}
