namespace ConntrackConsole.Wire;

/// <summary>Why something was refused, failed or is not known: a stable code for programs, a sentence for people.</summary>
/// <param name="Code">One of the constants marked with <see cref="ReasonCodesAttribute"/>; never changes its meaning.</param>
/// <param name="Message">Plain English; may change with any version, so nothing may compare it.</param>
public sealed record Reason(string Code, string Message);
