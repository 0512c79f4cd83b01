namespace ConntrackConsole.Wire;

/// <summary>The form of a reason code. The other side of the wire may be newer, so a code need not be known, but must look like one.</summary>
public static class ReasonCode
{
    private const int MaxLength = 60;

    /// <summary>The code, or null where it does not have the form of one.</summary>
    /// <param name="code">A code that came over the wire.</param>
    public static string? OrNull(string? code) =>
        code is { Length: > 0 and <= MaxLength } && code.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_') ? code : null;
}
