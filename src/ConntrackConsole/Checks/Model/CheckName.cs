namespace ConntrackConsole.Checks.Model;

/// <param name="Id">Stable, used in page URLs.</param>
/// <param name="Code">One of <see cref="CheckCodes"/>, for programs.</param>
/// <param name="Title">For people.</param>
public sealed record CheckName(string Id, string Code, string Title);
