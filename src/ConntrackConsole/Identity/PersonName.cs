namespace ConntrackConsole.Identity;

/// <summary>The name of a link names a person: names that differ only in case are one person, here as on the nodes.</summary>
internal static class PersonName
{
    public static bool AreSame(string? one, string? other) => string.Equals(one?.Trim(), other?.Trim(), StringComparison.OrdinalIgnoreCase);
}
