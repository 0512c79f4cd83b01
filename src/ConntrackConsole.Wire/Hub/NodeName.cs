namespace ConntrackConsole.Wire;

/// <summary>
/// Format of a node's name: a DNS subdomain of RFC 1123, as the API server requires for metadata.name of a Node. Only one
/// spelling, so that no two names can denote the same node.
/// </summary>
internal static class NodeName
{
    /// <summary>Maximum length of a name.</summary>
    public const int MaxLength = 253;

    /// <summary>
    /// Lower-case ASCII letters, digits, '-' and '.'; each part between dots begins and ends with a letter or digit.
    /// </summary>
    public static bool IsValid(string? name) =>
        name is { Length: > 0 and <= MaxLength } && name.Split('.').All(part => part.Length > 0 && part.All(IsInner) && part[0] != '-' && part[^1] != '-');

    private static bool IsInner(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-';
}
