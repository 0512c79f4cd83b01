namespace ConntrackConsole.Collector.Tests.Fuzz;

/// <summary>Creates inputs from seeds, deterministically by number, so that a failure is reproducible.</summary>
internal sealed class Mutator(IReadOnlyList<byte[]> seeds, int seed)
{
    private const int MaxInputLength = 64 * 1024;
    private static readonly byte[] Telling = [0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 63, 64, 127, 128, 129, 200, 253, 254, 255];

    private readonly Random _random = new(seed);

    public byte[] Next()
    {
        var bytes = new List<byte>(seeds[_random.Next(seeds.Count)]);
        for (int changes = _random.Next(1, 8); changes > 0; changes--)
            Change(bytes);
        if (bytes.Count > MaxInputLength)
            bytes.RemoveRange(MaxInputLength, bytes.Count - MaxInputLength);
        return [.. bytes];
    }

    private void Change(List<byte> bytes)
    {
        int at = bytes.Count == 0 ? 0 : _random.Next(bytes.Count);
        switch (_random.Next(9))
        {
            case 0 when bytes.Count > 0:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1 when bytes.Count > 0:
                bytes[at] = Telling[_random.Next(Telling.Length)];
                break;
            case 2 when bytes.Count > 0:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 3 when bytes.Count >= 4: // a length, a count or an offset
                uint value = _random.Next(4) switch
                {
                    0 => uint.MaxValue,
                    1 => (uint)bytes.Count,
                    2 => 0x80000000,
                    _ => (uint)_random.Next(70_000),
                };
                at = Math.Min(at, bytes.Count - 4);
                for (int i = 0; i < 4; i++)
                    bytes[at + i] = (byte)(value >> (8 * i));
                break;
            case 4 when bytes.Count > 0: // truncation
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 5 when bytes.Count > 0: // a piece is missing
                bytes.RemoveRange(at, Math.Min(_random.Next(1, 32), bytes.Count - at));
                break;
            case 6 when bytes.Count > 0: // a piece comes twice
                bytes.InsertRange(_random.Next(bytes.Count), bytes.GetRange(at, Math.Min(_random.Next(1, 64), bytes.Count - at)));
                break;
            case 7: // a piece of another seed
                byte[] other = seeds[_random.Next(seeds.Count)];
                int from = _random.Next(other.Length + 1);
                bytes.InsertRange(at, other[from..Math.Min(other.Length, from + _random.Next(1, 64))]);
                break;
            default:
                var noise = new byte[_random.Next(1, 16)];
                _random.NextBytes(noise);
                bytes.InsertRange(at, noise);
                break;
        }
    }
}
