namespace ConntrackConsole.Timeline.Model;

/// <summary>
/// What the nodes counted, in the columns of a view; -1 = unknown. The rates are thousandths of a second's increase, over all nodes, as the mean of
/// the column, or of ten seconds where columns are finer.
/// </summary>
/// <param name="Invalid">Packets that conntrack could not assign.</param>
/// <param name="Drop">Packets that were dropped because no entry could be created.</param>
/// <param name="EarlyDrop">Entries that were evicted from a full table.</param>
/// <param name="InsertFailed">Entries that lost a race at confirmation.</param>
/// <param name="InvalidDropped">INVALID packets that kube-proxy's rule dropped.</param>
/// <param name="TableUse">The table that was the fullest, per mille of its limit.</param>
/// <param name="SyncLag">The rules that lagged the longest, in milliseconds.</param>
/// <param name="Names">Of the nodes, to which the gauges refer by index.</param>
/// <param name="Failures">Failed syncs of kube-proxy, oldest first.</param>
internal sealed record CounterLanes(
    int[] Invalid, int[] Drop, int[] EarlyDrop, int[] InsertFailed, int[] InvalidDropped, GaugeLane TableUse, GaugeLane SyncLag, IReadOnlyList<string> Names,
    IReadOnlyList<SyncFailure> Failures)
{
    /// <summary>The rates, in the order in which they are drawn upon each other.</summary>
    public int[][] Rates => [Invalid, InvalidDropped, Drop, EarlyDrop, InsertFailed];

    public int[][] Gauges => [TableUse.Values, TableUse.Nodes, SyncLag.Values, SyncLag.Nodes];

    /// <summary>As a part of a longer window: everything before and after it is unknown.</summary>
    /// <param name="at">Its first column there.</param>
    /// <param name="count">How many of its columns.</param>
    public CounterLanes Within(int at, int count, int columns)
    {
        return new CounterLanes(
            Row(Invalid), Row(Drop), Row(EarlyDrop), Row(InsertFailed), Row(InvalidDropped), new GaugeLane(Row(TableUse.Values), Row(TableUse.Nodes)),
            new GaugeLane(Row(SyncLag.Values), Row(SyncLag.Nodes)), Names, Failures);

        int[] Row(int[] values)
        {
            int[] row = new int[columns];
            row.AsSpan().Fill(-1);
            values.AsSpan(0, Math.Min(count, values.Length)).CopyTo(row.AsSpan(at));
            return row;
        }
    }
}

/// <param name="Values">The highest of all nodes; -1 = unknown.</param>
/// <param name="Nodes">Of which node it is, as an index of <see cref="CounterLanes.Names"/>; -1 = unknown.</param>
internal sealed record GaugeLane(int[] Values, int[] Nodes);

/// <param name="AtMs">The beginning of the ten seconds in which they failed.</param>
internal sealed record SyncFailure(string Node, long AtMs, int Count);
