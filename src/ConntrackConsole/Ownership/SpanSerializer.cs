using System.Globalization;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Ownership;

/// <summary>Serializes the addresses and ports of a Service for its row.</summary>
internal static class SpanSerializer
{
    public static string Vips(ServiceSpan span) => string.Join(' ', span.Vips);

    /// <summary>proto/port/nodePort/targetPort/name, separated by spaces.</summary>
    public static string Ports(ServiceSpan span) => string.Join(' ', span.Ports.Select(p => string.Create(CultureInfo.InvariantCulture,
        $"{p.Proto}/{p.Port}/{p.NodePort}/{(p.TargetPortName is { } target ? Uri.EscapeDataString(target) : p.TargetPort.ToString(CultureInfo.InvariantCulture))}/{Uri.EscapeDataString(p.Name ?? "")}")));

    /// <summary>Skips what cannot be parsed.</summary>
    public static IReadOnlyList<Ip> ToVips(string text)
    {
        var ips = new List<Ip>();
        foreach (string item in Split(text))
        {
            if (Ip.TryParse(item, out var ip))
                ips.Add(ip);
        }

        return ips;
    }

    /// <summary>Skips what cannot be parsed.</summary>
    public static IReadOnlyList<ServicePort> ToPorts(string text)
    {
        var ports = new List<ServicePort>();
        foreach (string item in Split(text))
        {
            if (item.Split('/') is not [var proto, var port, var nodePort, var target, var name]
                || !byte.TryParse(proto, CultureInfo.InvariantCulture, out byte protocol)
                || !ushort.TryParse(port, CultureInfo.InvariantCulture, out ushort number)
                || !ushort.TryParse(nodePort, CultureInfo.InvariantCulture, out ushort onNodes))
                continue;
            bool numbered = ushort.TryParse(target, CultureInfo.InvariantCulture, out ushort targetPort);
            ports.Add(new ServicePort(name.Length == 0 ? null : Uri.UnescapeDataString(name), protocol, number, onNodes)
            {
                TargetPort = targetPort, TargetPortName = numbered ? null : Uri.UnescapeDataString(target),
            });
        }

        return ports;
    }

    private static string[] Split(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
