using System.Text.Json.Serialization;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>The outcome of a flush so far.</summary>
/// <param name="FromMs">When the commands were sent.</param>
/// <param name="ToMs">End of the period that the figures cover.</param>
/// <param name="UntilMs">When monitoring ends.</param>
/// <param name="Final">Monitoring has ended.</param>
/// <param name="Resets">Resets of flows of the address and of the Services of its entries, by kind, in equally long periods before and after the flush.</param>
/// <param name="Left">Listed entries that still exist.</param>
/// <param name="Recreated">New entries that lead to the address.</param>
/// <param name="Clients">Connections with deleted entries and a client that may wait.</param>
/// <param name="Reconnected">How many of them were reset or moved to another backend since.</param>
/// <param name="Unanswered">Nodes without figures, with the reason.</param>
/// <param name="IpvsKept">Connections to the address that IPVS drops or still forwards to it, with or without conntrack entries.</param>
/// <param name="IpvsForwarded">How many of <paramref name="IpvsKept"/> IPVS still forwards to the address; the others it drops.</param>
/// <param name="IpvsUnread">On some node IPVS's table could not be read to its end: there may be more of them.</param>
public sealed record OutcomeSample(
    long FromMs, long ToMs, long UntilMs, bool Final, IReadOnlyList<ResetsAround> Resets, int Left, int Recreated, int Clients,
    [property: JsonPropertyName("cameBack")] int Reconnected, [property: JsonPropertyName("untold")] IReadOnlyList<string> Unanswered, int IpvsKept = 0,
    int IpvsForwarded = 0, bool IpvsUnread = false)
{
    /// <summary>Connections that IPVS holds on to: it drops their packets.</summary>
    [JsonIgnore]
    public int IpvsDropped => IpvsKept - IpvsForwarded;

    /// <summary>True if IPVS holds connections that the flush did not move, or may hold some.</summary>
    [JsonIgnore]
    public bool HasIpvs => IpvsKept > 0 || IpvsUnread;
}

public sealed record ResetsAround(ResetKind Kind, int Before, int After);
