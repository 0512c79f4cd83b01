
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>What came of a flush so far: the figures beside it.</summary>
/// <param name="FromMs">When the orders went out.</param>
/// <param name="ToMs">Up to when this tells.</param>
/// <param name="UntilMs">Up to when it is measured.</param>
/// <param name="Final">Nothing more is measured.</param>
/// <param name="Resets">Resets of the address's flows and of the Services that its entries belonged to, by kind, in as long before the act and after it.</param>
/// <param name="Left">Listed entries that are still there.</param>
/// <param name="Recreated">Entries that lead to the address again.</param>
/// <param name="Clients">Clients whose entries were deleted.</param>
/// <param name="CameBack">How many of them have a connection to another backend now.</param>
/// <param name="Untold">Nodes that told nothing, with the reason.</param>
public sealed record OutcomeSample(
    long FromMs, long ToMs, long UntilMs, bool Final, IReadOnlyList<ResetsAround> Resets, int Left, int Recreated, int Clients, int CameBack,
    IReadOnlyList<string> Untold);

public sealed record ResetsAround(ResetKind Kind, int Before, int After);
