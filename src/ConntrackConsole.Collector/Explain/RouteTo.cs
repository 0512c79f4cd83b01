using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Routes;

namespace ConntrackConsole.Collector.Explain;

/// <summary>Determines this node's route to an address, and whether the next hop answers.</summary>
internal static class RouteTo
{
    public static (RouteKind Kind, bool NeighbourFailed, string Text) Find(Ip address)
    {
        try
        {
            using var routes = RouteSocket.Open();
            var route = routes.Lookup(address);
            if (route.Kind is RouteKind.Blackhole or RouteKind.Unreachable or RouteKind.Prohibit)
                return (route.Kind, false, $"this node's route to {address} is {(route.Kind == RouteKind.Unreachable ? "none (unreachable)" : route.Kind.ToString().ToLowerInvariant())}");
            string link = routes.Links().FirstOrDefault(link => link.Index == route.LinkIndex)?.Name ?? "?";
            var next = route.Gateway.IsNone ? address : route.Gateway;
            bool failed = IsUnresolved(next);
            return (route.Kind, failed,
                $"packets to {address} leave by {link}{(route.Gateway.IsNone ? "" : $" to {route.Gateway}")}{(failed ? $", where {next} does not answer ARP" : "")}");
        }
        catch (NetlinkException failure)
        {
            return (RouteKind.Unspecified, false, failure.Message);
        }
    }

    // /proc/net/arp: address, hardware type, flags, hardware address, mask, device. Flags 0x0: incomplete, no answer.
    private static bool IsUnresolved(Ip address)
    {
        if (!address.IsV4)
            return false;
        try
        {
            foreach (string line in File.ReadLines("/proc/thread-self/net/arp").Skip(1))
            {
                string[] text = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (text.Length >= 3 && Ip.TryParse(text[0], out var ip) && ip == address)
                    return text[2] == "0x0";
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }

        return false;
    }
}
