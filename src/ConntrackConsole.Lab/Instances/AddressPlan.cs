using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Lab.Instances;

/// <summary>
/// The addresses of one lab: 10.(100+instance).x.y. Each instance has its own ranges, because the kernel's tracepoints
/// report the resets of all namespaces of the machine and collectors recognize local ones by address.
/// </summary>
internal readonly record struct AddressPlan(int Instance)
{
    public const int Instances = 64;
    public const int Nodes = 3;

    /// <summary>The gateway of every pod, on the pod's own link.</summary>
    public static readonly Ip PodGateway = Ip.Parse("169.254.1.1");

    public Ip Node(int node) => Address(0, node);

    public Ip PodNetwork(int node) => Address(16 * node, 0);

    public Ip Pod(int node, int host) => Address(16 * node, host);

    public Ip Service(int number) => Address(200, number);

    public string PodCidr(int node) => $"{PodNetwork(node)}/24";

    private Ip Address(int third, int fourth) =>
        Ip.V4((10u << 24) | ((100u + (uint)Instance) << 16) | ((uint)third << 8) | (uint)fourth);
}
