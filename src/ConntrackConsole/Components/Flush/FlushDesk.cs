using ConntrackConsole.Actions;

namespace ConntrackConsole.Components.Flush;

/// <summary>The three things that the dialog asks of the desk, for one user and one address.</summary>
public sealed record FlushDesk(
    Func<CancellationToken, Task<ActionAnswer>> Preview,
    Func<ActionRecord, string?, string, CancellationToken, Task<ActionAnswer>> Confirm,
    Func<string, Task> Cancel);
