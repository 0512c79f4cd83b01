namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>
/// Caches the group of recent IPv4 flows by the fields that determine it, in 16 bytes: most flows need no <see
/// cref="Wire.GroupKey"/> and no look-up. One slot per hash; a new version clears it.
/// </summary>
internal sealed class GroupCache
{
    private const int Places = 2048;

    private readonly Place[] _places = new Place[Places];
    private int _version = -1;

    /// <summary>
    /// The slot for these tuples; its <see cref="Place.Group"/> is valid only if <see cref="Place.Is"/> returns true.
    /// </summary>
    public ref Place Of(in PackedTuple orig, in PackedTuple reply, byte proto, int version)
    {
        if (_version != version)
        {
            Array.Clear(_places);
            _version = version;
        }

        ulong mixed = ((((ulong)orig.Dst << 32) | reply.Src) * 0x9E3779B97F4A7C15) ^ (((ulong)orig.Dport << 24) | ((ulong)reply.Sport << 8) | proto);
        return ref _places[(mixed * 0xBF58476D1CE4E5B9) >> 53];
    }

    internal struct Place
    {
        private uint _dst;
        private uint _src;
        private ushort _dport;
        private ushort _sport;
        private byte _proto;
        private bool _used;

        public int Group;

        public readonly bool Is(in PackedTuple orig, in PackedTuple reply, byte proto) =>
            _used && _dst == orig.Dst && _src == reply.Src && _dport == orig.Dport && _sport == reply.Sport && _proto == proto;

        public void Set(in PackedTuple orig, in PackedTuple reply, byte proto, int group) => this = new Place
        {
            _dst = orig.Dst,
            _src = reply.Src,
            _dport = orig.Dport,
            _sport = reply.Sport,
            _proto = proto,
            _used = true,
            Group = group,
        };
    }
}
