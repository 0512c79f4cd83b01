namespace ConntrackConsole.Diagnosis.Checks;

/// <param name="Id">Stable, for addresses and machines.</param>
/// <param name="Title">For people.</param>
public sealed record CheckName(string Id, string Title);
