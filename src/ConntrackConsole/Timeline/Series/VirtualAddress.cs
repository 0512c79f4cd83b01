using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Series;

/// <summary>A virtual address with protocol and port.</summary>
internal readonly record struct VirtualAddress(byte Proto, Ip Vip, ushort Vport)
{
    public static VirtualAddress Of(in GroupKey key) => new(key.Proto, key.Vip, key.Vport);
}
