namespace ConntrackConsole.Identity;

/// <summary>The name of a link identifies a person: names that differ only in case are the same person, as on the nodes.</summary>
internal static class PersonName
{
    public static bool AreSame(string? one, string? other) => string.Equals(one?.Trim(), other?.Trim(), StringComparison.OrdinalIgnoreCase);
}
