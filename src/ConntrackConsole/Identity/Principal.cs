namespace ConntrackConsole.Identity;

/// <summary>The user of a valid session, with the current role. A session that has ended has no principal.</summary>
/// <param name="Name">Name of the used link.</param>
/// <param name="Session">Identifies the session in the audit log; not a secret.</param>
/// <param name="Address">Network address of the user.</param>
public sealed record Principal(string Name, Role Role, string Session, string? Address);
