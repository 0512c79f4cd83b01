namespace ConntrackConsole.Wire;

/// <summary>Syntax of a reason code. The other side of the wire may be newer, so a code may be unknown but must be well-formed.</summary>
internal static class ReasonCode
{
    private const int MaxLength = 60;

    /// <summary>The code, or null if it is not well-formed.</summary>
    /// <param name="code">A code received over the wire.</param>
    public static string? OrNull(string? code) =>
        code is { Length: > 0 and <= MaxLength } && code.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_') ? code : null;
}
