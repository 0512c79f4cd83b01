
using ConntrackConsole.Kernel.Namespaces;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lab.Instances;

namespace ConntrackConsole.Lab.Network;

/// <summary>A node: a network namespace with cables to the other nodes and to its pods.</summary>
internal sealed class LabNode(int number, NetworkNamespace place, AddressPlan addresses)
{
    private int _lastHost = 1;

    public int Number { get; } = number;

    public string Name => $"node{Number}";

    public NetworkNamespace Place { get; } = place;

    public AddressPlan Addresses { get; } = addresses;

    public Ip Address => Addresses.Node(Number);

    public string PodCidr => Addresses.PodCidr(Number);

    /// <summary>The next pod address: in turn, so that an address is not used again before all others were.</summary>
    public Ip TakePodAddress()
    {
        _lastHost = _lastHost >= 254 ? 2 : _lastHost + 1;
        return Addresses.Pod(Number, _lastHost);
    }
}
