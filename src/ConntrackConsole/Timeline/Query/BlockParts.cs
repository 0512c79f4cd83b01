namespace ConntrackConsole.Timeline.Query;

/// <summary>What a query takes of a block.</summary>
[Flags]
internal enum BlockParts
{
    None = 0,
    Backends = 1,
    /// <summary>The sums in the cluster's block.</summary>
    Sums = 2,
    /// <summary>Sums over the block's own series, where no others are stored.</summary>
    DerivedSums = 4,
    /// <summary>With <see cref="DerivedSums"/>: the sum of all of them is the view's.</summary>
    Total = 8,
    /// <summary>With <see cref="Sums"/> or <see cref="DerivedSums"/>: not their values, only where there were any.</summary>
    Presence = 16,
}
