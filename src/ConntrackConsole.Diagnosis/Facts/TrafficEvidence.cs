using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis.Facts;

/// <summary>Packets of the subject other than resets.</summary>
internal sealed record TrafficEvidence
{
    /// <summary>Packets from and to the backend's address; null = not counted.</summary>
    public (long From, long To)? Packets { get; init; }

    /// <summary>Connection attempts to the Service that the rules refused by ICMP; null = not observed.</summary>
    public Occurrences? Refused { get; init; }

    /// <summary>Connections to the Service that were established only after one or three seconds, by a repeated SYN; null = not observed.</summary>
    public Occurrences? DelayedConnects { get; init; }

    /// <summary>Of <see cref="DelayedConnects"/>, those that waited while a node failed to insert entries.</summary>
    public Occurrences? DelayedByFailedInsertions { get; init; }
}

/// <summary>What IPVS has for the address.</summary>
/// <param name="Connections">Its connections, with the switches.</param>
/// <param name="Servers">In how many Services the address is a server.</param>
internal sealed record IpvsEvidence(IpvsConnectionSummary Connections, int Servers)
{
    /// <summary>IPVS is not loaded.</summary>
    public static readonly IpvsEvidence NotLoaded = new(new IpvsConnectionSummary(0, 0, 0, 0, null, null, false), 0);

    /// <summary>False where IPVS is loaded, but has nothing to do with the address.</summary>
    public bool IsUsed => Servers > 0 || Connections is { Total: > 0 } or { Partial: true };
}
