namespace ConntrackConsole.Identity;

/// <summary>Who asks for something, as it was known at this very moment: a session that has ended has no caller.</summary>
/// <param name="Name">The name of the link that was used.</param>
/// <param name="Session">Names the session in the audit log; it is no secret.</param>
/// <param name="Address">Where the person sits.</param>
public sealed record Principal(string Name, Role Role, string Session, string? Address);
