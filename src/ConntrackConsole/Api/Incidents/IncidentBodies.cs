using ConntrackConsole.Api.Query;
using ConntrackConsole.Incidents.Records;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Api.Incidents;

/// <summary>Opens an incident by its window, or from a finding.</summary>
internal sealed record OpenIncidentBody
{
    public string? Title { get; init; }

    /// <summary>RFC 3339. With a finding: the stored window in which it is found; without one, it is a finding of the last minutes.</summary>
    public string? From { get; init; }

    /// <summary>RFC 3339; absent while the incident lasts.</summary>
    public string? To { get; init; }

    public string? Namespace { get; init; }

    public string? Service { get; init; }

    /// <summary>The id of a finding: its window, title and Service are taken.</summary>
    public string? Finding { get; init; }
}

/// <summary>Changes title and window.</summary>
internal sealed record UpdateIncidentBody
{
    /// <summary>Absent: it stays.</summary>
    public string? Title { get; init; }

    public string? From { get; init; }

    /// <summary>Absent: it lasts.</summary>
    public string? To { get; init; }
}

/// <summary>A note.</summary>
internal sealed record NoteBody
{
    public string? Text { get; init; }
}

/// <summary>An event to pin.</summary>
internal sealed record PinBody
{
    /// <summary>finding, termination, action, resets or other.</summary>
    public string? Kind { get; init; }

    /// <summary>The id of the finding, pod or action.</summary>
    public string? Reference { get; init; }

    /// <summary>RFC 3339, within the window.</summary>
    public string? At { get; init; }

    public string? Text { get; init; }
}

/// <summary>A person who took part.</summary>
internal sealed record ParticipantBody
{
    public string? Name { get; init; }
}

/// <summary>For requests without fields.</summary>
internal sealed record EmptyBody;

/// <summary>Reads the values of bodies.</summary>
internal static class IncidentBodies
{
    public static Reason NoTime(string name) => new(IncidentCodes.InvalidWindow, $"'{name}' is missing or not an RFC 3339 time: use a time such as 2026-11-24T17:00:00Z.");

    /// <returns>False if the text is no time; absent is null.</returns>
    public static bool TryTime(string? text, out long? ms)
    {
        ms = null;
        if (string.IsNullOrEmpty(text))
            return true;
        if (text.Length > 64 || !ApiTime.TryRead(text, out var time))
            return false;
        ms = time.ToUnixTimeMilliseconds();
        return true;
    }

    public static PinnedKind? Kind(string? name) =>
        Enum.GetValues<PinnedKind>().Where(kind => IncidentView.Name(kind) == name).Select(kind => (PinnedKind?)kind).FirstOrDefault();
}
