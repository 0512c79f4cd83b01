using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lab.Cluster;

namespace ConntrackConsole.Lab.KubeProxy;

/// <summary>A node's translation of Services, in one of several forms.</summary>
internal interface INodeRules
{
    /// <summary>Creates the table and chains, without a Service.</summary>
    void Install();

    /// <summary>Replaces the list of Services in one batch. The chains of a removed one remain, without a rule that leads to them.</summary>
    /// <param name="services">All Services.</param>
    /// <param name="added">One of them that is new: it has no endpoints yet.</param>
    void SetServices(IReadOnlyList<LabService> services, LabService? added = null);

    /// <summary>Replaces a Service's endpoints in one batch: no packet ever sees an incomplete chain.</summary>
    void Replace(LabService service, IReadOnlyList<Ip> endpoints);

    /// <summary>Adds or removes the rule of kube-proxy's iptables mode that drops forwarded INVALID packets.</summary>
    void DropInvalid(bool drops);

    /// <summary>How many packets that rule has dropped; null without it.</summary>
    long? InvalidDropped();
}
