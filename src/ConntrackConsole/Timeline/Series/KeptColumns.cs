using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Series;

/// <summary>The columns of a live window as they were last computed: the next answer moves and extends them. Immutable once it is kept.</summary>
/// <param name="Snapshot">Number of the snapshot.</param>
/// <param name="DerivedMs">When they were last computed as a whole.</param>
/// <param name="Zeros">The row of all series without a value.</param>
internal sealed record KeptColumns(long Snapshot, long FromMs, long DerivedMs, long AtMs, int[] Zeros, Dictionary<GroupKey, KeptGroup> Groups)
{
    /// <summary>Size of the rows; those without a value are shared.</summary>
    public long Bytes => Groups.Count * (long)Zeros.Length * sizeof(int) * 2;
}

/// <param name="Stamp">Of the backend's address: with another one the states must be derived again.</param>
/// <param name="LastMs">The end of the last interval with entries, or with unknown ones.</param>
internal sealed record KeptGroup(long Stamp, int[] Entries, int[] Closing, int[] Stale, long LastMs);
