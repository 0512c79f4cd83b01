using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Series;

/// <summary>Entries of a group that went to CLOSE within a few seconds.</summary>
/// <param name="AtMs">When the first of them did, by the node's clock.</param>
internal readonly record struct ClosedEntries(long AtMs, GroupKey Key, int Count);
