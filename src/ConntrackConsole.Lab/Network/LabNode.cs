using ConntrackConsole.Kernel.Namespaces;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lab.Instances;

namespace ConntrackConsole.Lab.Network;

/// <summary>A node: a network namespace with links to the other nodes and to its pods.</summary>
internal sealed class LabNode(int number, NetworkNamespace networkNamespace, AddressPlan addresses)
{
    private int _lastHost = 1;

    public int Number { get; } = number;

    public string Name => $"node{Number}";

    public NetworkNamespace Namespace { get; } = networkNamespace;

    public AddressPlan Addresses { get; } = addresses;

    public Ip Address => Addresses.Node(Number);

    public string PodCidr => Addresses.PodCidr(Number);

    /// <summary>The next pod address, round robin, so that an address is not reused before all others were used.</summary>
    public Ip TakePodAddress()
    {
        _lastHost = _lastHost >= 254 ? 2 : _lastHost + 1;
        return Addresses.Pod(Number, _lastHost);
    }
}
