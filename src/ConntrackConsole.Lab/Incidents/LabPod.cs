using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Network;
using ConntrackConsole.Lab.Processes;
using ConntrackConsole.Lab.Workload;

namespace ConntrackConsole.Lab.Incidents;

/// <summary>A running pod: its object, its owner, its network and its process.</summary>
internal sealed record LabPod(PodObject Object, ReplicaSetObject Set, LabNode Node, PodSandbox Sandbox, ChildProcess Process)
{
    public string Name => Object.Name;

    public string Ip => Sandbox.Address.ToString();

    /// <summary>Its address with a port.</summary>
    public string At(int port) => At(Ip, port);

    /// <summary>An address with a port.</summary>
    public static string At(string ip, int port) => new System.Net.IPEndPoint(System.Net.IPAddress.Parse(ip), port).ToString();
}

/// <summary>How a pod terminates.</summary>
internal enum Ending
{
    /// <summary>preStop, SIGTERM, drain, exit.</summary>
    Drain,
    /// <summary>SIGTERM without preStop; the server exits with requests unread.</summary>
    ExitImmediately,
    /// <summary>It ignores SIGTERM, and is killed at the end of its grace period with requests unread.</summary>
    KillAtGraceEnd,
    /// <summary>It closes its listener at SIGTERM while its endpoint is still listed; its connections drain.</summary>
    CloseListener,
    /// <summary>Its link goes down first, then SIGKILL: it sends neither FIN nor RST.</summary>
    Vanish,
}

/// <summary>How a pod of a scenario starts.</summary>
/// <param name="Arguments">The sub-command and its arguments.</param>
/// <param name="Observe">Called for each report of its process.</param>
/// <param name="Traits">What distinguishes the pod.</param>
/// <param name="Address">Its address; none = the next one.</param>
/// <param name="ListensFirst">Its node has a route to it only once its process listens: what waits for the address is answered, not refused.</param>
internal sealed record PodStart(
    IReadOnlyList<string> Arguments, Action<LabPod, WorkloadReport> Observe, PodTraits? Traits = null, Kernel.Net.Ip Address = default, bool ListensFirst = false);
