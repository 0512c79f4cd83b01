namespace ConntrackConsole.Timeline.Query;

/// <summary>The smallest range of columns that contains all of some; empty at first.</summary>
/// <param name="End">After the last one.</param>
internal readonly record struct ColumnRange(int From, int End)
{
    public static readonly ColumnRange None = new(int.MaxValue, 0);

    public bool IsNone => From >= End;

    public ColumnRange With(int from, int end) => new(Math.Min(From, from), Math.Max(End, end));

    /// <summary>In a window that begins some columns later.</summary>
    public ColumnRange Before(int by) => IsNone || End <= by ? None : new(Math.Max(0, From - by), End - by);

    public bool Touches((int From, int End) columns) => !IsNone && From < columns.End && End > columns.From;
}
