namespace ConntrackConsole.Storage;

/// <summary>Rows of a component that are deleted when they expire, a batch at a time.</summary>
/// <param name="sql">A DELETE of a batch of what is older than $a (milliseconds of Unix time) and within no pin.</param>
internal sealed class AgedRows(string sql)
{
    /// <returns>How many rows were deleted.</returns>
    public int Delete(BulkConnection rows, long beforeMs) => rows.Execute(sql, beforeMs);
}
