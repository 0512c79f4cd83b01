namespace ConntrackConsole.Wire;

/// <summary>Why something was refused, failed or is unknown: a stable code for programs and a message for users.</summary>
/// <param name="Code">One of the constants marked with <see cref="ReasonCodesAttribute"/>; never changes its meaning.</param>
/// <param name="Message">Plain English; may change in any version, so programs must not compare it.</param>
public sealed record Reason(string Code, string Message)
{
    /// <summary>The message with its code, as programs and logs print it.</summary>
    public override string ToString() => $"{Message} [{Code}]";
}
