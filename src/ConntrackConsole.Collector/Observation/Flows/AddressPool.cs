using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>
/// Packs addresses into 32 bits: IPv4 unchanged, IPv6 as the number of a reference-counted entry. The caller keeps track of the
/// family.
/// </summary>
internal sealed class AddressPool
{
    private readonly Dictionary<Ip, uint> _numbers = [];
    private readonly List<(Ip Ip, int Users)> _entries = [];
    private readonly Stack<uint> _free = new();

    /// <summary>The number of an address that is in use; false if no flow has it.</summary>
    public bool TryPack(Ip ip, out uint packed)
    {
        if (!ip.IsV4)
            return _numbers.TryGetValue(ip, out packed);
        packed = ip.V4Number;
        return true;
    }

    /// <summary>The number of an address, which must be released with <see cref="Release"/>.</summary>
    public uint Pack(Ip ip)
    {
        if (ip.IsV4)
            return ip.V4Number;
        ref uint number = ref CollectionsMarshal.GetValueRefOrAddDefault(_numbers, ip, out bool exists);
        if (!exists)
        {
            if (!_free.TryPop(out number))
            {
                number = (uint)_entries.Count;
                _entries.Add(default);
            }

            _entries[(int)number] = (ip, 0);
        }

        CollectionsMarshal.AsSpan(_entries)[(int)number].Users++;
        return number;
    }

    public Ip Unpack(uint packed, bool v6) => v6 ? _entries[(int)packed].Ip : Ip.V4(packed);

    /// <summary>Releases an IPv6 address.</summary>
    public void Release(uint number)
    {
        ref var entry = ref CollectionsMarshal.AsSpan(_entries)[(int)number];
        if (--entry.Users > 0)
            return;
        _numbers.Remove(entry.Ip);
        _free.Push(number);
    }
}
