using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Network;
using ConntrackConsole.Lab.Processes;

namespace ConntrackConsole.Lab.Incidents;

/// <summary>A running pod: its object, its owner, its network and its process.</summary>
internal sealed record LabPod(PodObject Object, ReplicaSetObject Set, LabNode Node, PodSandbox Sandbox, ChildProcess Process)
{
    public string Name => Object.Name;

    public string Ip => Sandbox.Address.ToString();
}

/// <summary>How a pod terminates.</summary>
internal enum Ending
{
    /// <summary>preStop, SIGTERM, drain, exit.</summary>
    Drain,
    /// <summary>SIGTERM without preStop; the server exits with requests unread.</summary>
    ExitImmediately,
    /// <summary>Its link goes down first, then SIGKILL: it sends neither FIN nor RST.</summary>
    Vanish,
}
