
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Network;
using ConntrackConsole.Lab.Processes;

namespace ConntrackConsole.Lab.Incidents;

/// <summary>A pod that runs: its object, its owner, its network and its process.</summary>
internal sealed record LabPod(PodObject Object, ReplicaSetObject Set, LabNode Node, PodSandbox Sandbox, ChildProcess Process)
{
    public string Name => Object.Name;

    public string Ip => Sandbox.Address.ToString();
}

/// <summary>How a pod is taken away.</summary>
internal enum Ending
{
    /// <summary>preStop, SIGTERM, drain, exit.</summary>
    Drain,
    /// <summary>SIGTERM without preStop; the server leaves with requests unread.</summary>
    AtOnce,
    /// <summary>Its cable goes down first, then SIGKILL: no FIN and no RST comes out.</summary>
    Vanish,
}
