using ConntrackConsole.Wire;

namespace ConntrackConsole.Cluster;

/// <summary>What the console keeps of a Pod.</summary>
/// <param name="DeletionMs">deletionTimestamp as the object has it now; a final delete rewrites it.</param>
/// <param name="AskedMs">deletionTimestamp − grace: when somebody asked for the deletion.</param>
/// <param name="ContainersEnded">Phase Succeeded or Failed and no container that still runs: nobody answers at the address.</param>
/// <param name="FinishedMs">The last finishedAt of its containers.</param>
public sealed record PodInfo(
    string Uid, string Namespace, string Name, string Node, string Phase, IReadOnlyList<Ip> Ips, bool HostNetwork,
    long CreatedMs, long? DeletionMs, long? AskedMs, bool ContainersEnded, long? FinishedMs, int? ExitCode)
{
    public string FullName => $"{Namespace}/{Name}";

    public Ip Ip => Ips.Count > 0 ? Ips[0] : default;

    public bool IsTerminating => DeletionMs is not null;
}
