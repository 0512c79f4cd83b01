namespace ConntrackConsole.Timeline.Series;

/// <summary>
/// The buffers in which the groups of one node keep their histories, each in a block of its own. One buffer for each of millions of
/// groups would be as many objects for the garbage collector. Blocks are not given back: whoever moves to another one reports what it
/// leaves behind, and when that is too much, all that is still used moves to other pages (<see cref="IsWasteful"/>). A slice that a
/// reader took refers to the old bytes, which are not written again.
/// </summary>
/// <param name="expected">How many bytes will be taken at once.</param>
internal sealed class StepPages(long expected = 0)
{
    private const int MinPage = 256;

    // A larger buffer would be one of the large objects, which are collected seldom.
    private const int MaxPage = 64 << 10;

    private byte[] _page = [];
    private int _free;
    private long _wasted;

    /// <summary>Size of all buffers.</summary>
    public long Bytes { get; private set; }

    /// <summary>A quarter of the bytes is not used any more.</summary>
    public bool IsWasteful => _wasted * 4 > Bytes && Bytes > MinPage;

    /// <summary>A block of its own for the caller.</summary>
    public (byte[] Page, int Start) Take(int length)
    {
        if (_free + length > _page.Length)
        {
            _wasted += _page.Length - _free;
            _page = GC.AllocateUninitializedArray<byte>(Math.Max(length, (int)Math.Clamp(Math.Max(expected - Bytes, Bytes / 8), MinPage, MaxPage)));
            _free = 0;
            Bytes += _page.Length;
        }

        int start = _free;
        _free += length;
        return (_page, start);
    }

    /// <summary>Bytes of a block are not used any more.</summary>
    public void Leave(int length) => _wasted += length;
}
