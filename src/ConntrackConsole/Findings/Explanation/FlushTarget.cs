using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings.Explanation;

/// <summary>What a flush that helps is limited to.</summary>
/// <param name="PodIp">The backend; of entries that translate nothing, the Service's own address.</param>
/// <param name="Scope">The Service's entries only; null = all of the address.</param>
public sealed record FlushTarget(string PodIp, FlushScope? Scope)
{
    /// <summary>Null if the remedy is no flush, or if the address is not known.</summary>
    internal static FlushTarget? Of(Remedy remedy, FindingSubject subject)
    {
        ArgumentNullException.ThrowIfNull(remedy);
        string? ip = !subject.Backend.IsNone ? subject.Backend.ToString() : remedy.Action == RemedyAction.FlushService ? subject.Address?.Ip.ToString() : null;
        if (ip is null)
            return null;
        return remedy.Action switch
        {
            RemedyAction.FlushPodIp => new FlushTarget(ip, null),
            RemedyAction.FlushService => new FlushTarget(ip, subject.Address is { } address ? new FlushScope(Protocols.Name(address.Proto), address.Ip.ToString(), address.Port) : null),
            _ => null,
        };
    }
}
