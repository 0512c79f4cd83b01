using System.Globalization;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Wire;

/// <summary>A virtual address and port of a Service, as a collector gets it in a <see cref="WatchList"/>: "tcp 10.96.0.10 80".</summary>
/// <param name="Proto">IP protocol number: TCP, UDP or SCTP.</param>
/// <param name="Ip">A ClusterIP, an external or a LoadBalancer address.</param>
/// <param name="Port">The Service's port.</param>
public readonly record struct ServiceAddress(byte Proto, Ip Ip, ushort Port)
{
    /// <summary>Reads the form that <see cref="ToString"/> writes.</summary>
    public static bool TryParse(string? text, out ServiceAddress address)
    {
        address = default;
        if (text?.Split(' ') is not [var name, var ip, var port] || !Kernel.Net.Ip.TryParse(ip, out var parsed)
            || !ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) || number == 0)
        {
            return false;
        }

        byte proto = name switch { "tcp" => Protocols.Tcp, "udp" => Protocols.Udp, "sctp" => Protocols.Sctp, _ => 0 };
        address = new ServiceAddress(proto, parsed, number);
        return proto != 0;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Protocols.Name(Proto)} {Ip} {Port}");
}
