using System.Globalization;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Diagnosis.Findings;

namespace ConntrackConsole.Findings.Explanation;

/// <summary>Links from a finding to its page and to the points of the timeline that show it.</summary>
internal static class FindingLink
{
    // Around a moment, or before and after a finding.
    private const long AroundMs = 60_000;

    /// <param name="window">The window of a finding that is read from stored frames; null for one of the last minutes.</param>
    public static string Page(string id, (long FromMs, long ToMs)? window = null) =>
        $"/findings/{Uri.EscapeDataString(id)}{(window is { } stored ? $"?from={Time(stored.FromMs)}&to={Time(stored.ToMs)}" : "")}";

    /// <summary>The timeline around a piece of evidence, of the finding's Service.</summary>
    /// <returns>Null if neither its time nor that of the finding is known.</returns>
    public static string? Timeline(ObservedFinding observed, EvidenceItem item)
    {
        ArgumentNullException.ThrowIfNull(observed);
        ArgumentNullException.ThrowIfNull(item);
        if (item.AtMs is { } atMs)
            return Timeline(observed, atMs - AroundMs, atMs + AroundMs);
        return Timeline(observed);
    }

    /// <summary>The timeline of the whole finding.</summary>
    public static string? Timeline(ObservedFinding observed)
    {
        ArgumentNullException.ThrowIfNull(observed);
        return observed.SinceMs is { } sinceMs ? Timeline(observed, sinceMs - AroundMs, Math.Max(sinceMs, observed.UntilMs ?? sinceMs) + AroundMs) : null;
    }

    /// <summary>The timeline of a window, such as that of a gap.</summary>
    public static string Timeline(ObservedFinding observed, long fromMs, long toMs)
    {
        ArgumentNullException.ThrowIfNull(observed);
        string service = observed.Subject.Service is { } key ? Of(key) : "";
        string pod = observed.Subject.Backend.IsNone ? "" : $"&pod={Uri.EscapeDataString(observed.Subject.Backend.ToString())}";
        return $"/?from={Time(fromMs)}&to={Time(Math.Max(toMs, fromMs + 1_000))}{service}{pod}";
    }

    private static string Of(ServiceKey key) => $"&ns={Uri.EscapeDataString(key.Namespace)}&svc={Uri.EscapeDataString(key.Name)}";

    private static string Time(long ms) => Uri.EscapeDataString(DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(0, ms)).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
}
