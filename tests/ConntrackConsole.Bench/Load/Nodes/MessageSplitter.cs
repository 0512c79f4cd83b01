namespace ConntrackConsole.Bench.Load.Nodes;

internal delegate void MessageReader(ReadOnlySpan<byte> message);

/// <summary>Divides what a hub sends into messages, and forgets long ones that nobody reads as they arrive.</summary>
internal sealed class MessageSplitter(MessageReader read)
{
    private const byte End = 0x1e;
    private const int KnownAfter = 64;

    private byte[] _buffer = new byte[256];
    private int _length;
    private bool _skips;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int end = bytes.IndexOf(End);
            var part = end < 0 ? bytes : bytes[..end];
            if (!_skips)
                Append(part);
            if (end < 0)
            {
                _skips |= _length >= KnownAfter && !HubMessages.IsRead(_buffer.AsSpan(0, _length));
                return;
            }

            if (!_skips)
                read(_buffer.AsSpan(0, _length));
            _length = 0;
            _skips = false;
            bytes = bytes[(end + 1)..];
        }
    }

    private void Append(ReadOnlySpan<byte> part)
    {
        if (_length + part.Length > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + part.Length));
        part.CopyTo(_buffer.AsSpan(_length));
        _length += part.Length;
    }
}
