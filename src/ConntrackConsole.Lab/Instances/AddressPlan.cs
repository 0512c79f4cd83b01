using System.Globalization;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Lab.Instances;

/// <summary>
/// The addresses of one lab: 10.(100+instance).x.y, or fd00:cc:(instance):x::y. Each instance has its own ranges, because the kernel's
/// tracepoints report the resets of all namespaces of the machine and collectors recognize local ones by address.
/// </summary>
internal readonly record struct AddressPlan(int Instance, bool IsV6 = false)
{
    public const int Instances = 64;
    public const int Nodes = 3;

    /// <summary>The gateway of every pod, on the pod's own link.</summary>
    public Ip PodGateway => Ip.Parse(IsV6 ? "fd00:cc:ffff::1" : "169.254.1.1");

    /// <summary>The gateway of a node's uplink.</summary>
    public Ip UplinkGateway => Ip.Parse(IsV6 ? "fd00:cc:ffff::2" : "169.254.2.1");

    /// <summary>Length of a whole address in bits.</summary>
    public int HostLength => IsV6 ? 128 : 32;

    /// <summary>Length of the prefix of a node's pods in bits.</summary>
    public int PodLength => IsV6 ? 64 : 24;

    /// <summary>The destination of a default route.</summary>
    public Ip Anywhere => Ip.Parse(IsV6 ? "::" : "0.0.0.0");

    public Ip Node(int node) => Address(0, node);

    public Ip PodNetwork(int node) => Address(16 * node, 0);

    public Ip Pod(int node, int host) => Address(16 * node, host);

    public Ip Service(int number) => Address(200, number);

    public string PodCidr(int node) => $"{PodNetwork(node)}/{PodLength}";

    private Ip Address(int third, int fourth) => IsV6
        ? Ip.Parse(string.Create(CultureInfo.InvariantCulture, $"fd00:cc:{Instance:x}:{third:x}::{fourth:x}"))
        : Ip.V4((10u << 24) | ((100u + (uint)Instance) << 16) | ((uint)third << 8) | (uint)fourth);
}
