using System.Buffers;

namespace ConntrackConsole.Api.Timeline;

/// <summary>An answer as bytes that several readers send. Its pooled buffers are returned after the last of them.</summary>
internal sealed class SharedBytes : IBufferWriter<byte>
{
    // Below the limit of the large object heap, should the pool be empty.
    private const int BufferBytes = 64 * 1024;

    private readonly List<(byte[] Buffer, int Length)> _buffers = [];
    private int _used;
    private int _owners = 1;

    public long Length { get; private set; }

    public IEnumerable<ReadOnlyMemory<byte>> Parts => _buffers.Select(part => (ReadOnlyMemory<byte>)part.Buffer.AsMemory(0, part.Length));

    public void Advance(int count)
    {
        _used += count;
        Length += count;
        _buffers[^1] = (_buffers[^1].Buffer, _used);
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_buffers.Count == 0 || _buffers[^1].Buffer.Length - _used < Math.Max(1, sizeHint))
        {
            _buffers.Add((ArrayPool<byte>.Shared.Rent(Math.Max(BufferBytes, sizeHint)), 0));
            _used = 0;
        }

        return _buffers[^1].Buffer.AsMemory(_used);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Another owner; false if the last one has released it.</summary>
    public bool TryOwn()
    {
        for (int owners = Volatile.Read(ref _owners); owners > 0;)
        {
            int seen = Interlocked.CompareExchange(ref _owners, owners + 1, owners);
            if (seen == owners)
                return true;
            owners = seen;
        }

        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _owners) > 0)
            return;
        foreach (var (buffer, _) in _buffers)
            ArrayPool<byte>.Shared.Return(buffer);
        _buffers.Clear();
    }
}
