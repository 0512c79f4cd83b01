
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Timeline;

/// <summary>Finds what the side panel shows, by a pod's uid or by an address.</summary>
public sealed class PodFacts(TimelineStore timeline)
{
    /// <summary>An address or a uid; what is neither known nor an address gives a detail without a name.</summary>
    /// <param name="asOfMs">The moment at which an address is taken: it may have been another's since; null = now.</param>
    public PodDetail For(string podUidOrIp, long? asOfMs = null) =>
        Ip.TryParse(podUidOrIp, out var ip) ? timeline.Detail(null, ip, asOfMs) : timeline.Detail(podUidOrIp, default);
}
