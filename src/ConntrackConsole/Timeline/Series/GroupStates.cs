using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Timeline.Series;

/// <summary>What the entries of a group are, derived from the cluster.</summary>
/// <param name="Stamp">Of its backend's address: with another one they must be derived again.</param>
/// <param name="Now">By the current state of the cluster.</param>
/// <param name="Since">By the history, from a moment on.</param>
/// <param name="SinceMs">This moment, by the console's clock.</param>
internal sealed record GroupStates(long Stamp, EntryState Now, EntryState Since, long SinceMs);
