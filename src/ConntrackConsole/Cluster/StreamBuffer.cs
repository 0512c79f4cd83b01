using System.Buffers;

namespace ConntrackConsole.Cluster;

/// <summary>What has come of a stream and is not consumed yet, in one piece that grows as long as nothing is consumed.</summary>
internal sealed class StreamBuffer(Stream stream) : IDisposable
{
    private const int UsualBytes = 64 * 1024;
    private const int KeptBytes = 1024 * 1024;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(UsualBytes);
    private int _start;
    private int _end;

    public ReadOnlyMemory<byte> Unread => _bytes.AsMemory(_start, _end - _start);

    public void Consume(int count) => _start += count;

    /// <summary>Waits for more; false at the end of the stream.</summary>
    public async ValueTask<bool> FillAsync(CancellationToken ct)
    {
        if (_start == _end)
        {
            _start = _end = 0;
            if (_bytes.Length > KeptBytes)
                Resize(UsualBytes);
        }
        else if (_end == _bytes.Length)
        {
            Resize(_start > _bytes.Length / 2 ? _bytes.Length : _bytes.Length * 2);
        }

        int read = await stream.ReadAsync(_bytes.AsMemory(_end), ct);
        _end += read;
        return read > 0;
    }

    private void Resize(int size)
    {
        byte[] next = ArrayPool<byte>.Shared.Rent(size);
        Unread.CopyTo(next);
        ArrayPool<byte>.Shared.Return(_bytes);
        (_bytes, _end, _start) = (next, _end - _start, 0);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
        _start = _end = 0;
    }
}
