namespace ConntrackConsole.Bench.Load.Pages;

/// <summary>What the open pages have received.</summary>
internal sealed class PageTotals
{
    private long _draws;
    private long _renders;
    private long _bytes;
    private long _ended;

    /// <summary>Views that the chart was ordered to draw.</summary>
    public long Draws => Volatile.Read(ref _draws);

    public long Renders => Volatile.Read(ref _renders);

    /// <summary>Bytes of views and renders.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Pages that the console has ended, by an error or with itself.</summary>
    public long Ended => Volatile.Read(ref _ended);

    /// <summary>Why the last of them ended.</summary>
    public string? Problem { get; private set; }

    public void Draw() => Interlocked.Increment(ref _draws);

    public void Render(int bytes)
    {
        Interlocked.Increment(ref _renders);
        Interlocked.Add(ref _bytes, bytes);
    }

    public void Received(int bytes) => Interlocked.Add(ref _bytes, bytes);

    public void End(string problem)
    {
        Problem = problem;
        Interlocked.Increment(ref _ended);
    }
}
