using System.Globalization;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Ownership;

/// <summary>A Service's addresses and ports as they stand in its row.</summary>
internal static class SpanSerializer
{
    public static string Vips(ServiceSpan span) => string.Join(' ', span.Vips);

    /// <summary>proto/port/nodePort/targetPort/name, separated by blanks.</summary>
    public static string Ports(ServiceSpan span) => string.Join(' ', span.Ports.Select(p => string.Create(CultureInfo.InvariantCulture,
        $"{p.Proto}/{p.Port}/{p.NodePort}/{(p.TargetPortName is { } target ? Uri.EscapeDataString(target) : p.TargetPort.ToString(CultureInfo.InvariantCulture))}/{Uri.EscapeDataString(p.Name ?? "")}")));

    /// <summary>What cannot be read is left out.</summary>
    public static IReadOnlyList<Ip> ToVips(string text)
    {
        var ips = new List<Ip>();
        foreach (string word in Words(text))
        {
            if (Ip.TryParse(word, out var ip))
                ips.Add(ip);
        }

        return ips;
    }

    /// <summary>What cannot be read is left out.</summary>
    public static IReadOnlyList<ServicePort> ToPorts(string text)
    {
        var ports = new List<ServicePort>();
        foreach (string word in Words(text))
        {
            if (word.Split('/') is not [var proto, var port, var nodePort, var target, var name]
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

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
