namespace ConntrackConsole.Kernel.Net;

/// <summary>
/// Names of the states of SCTP and DCCP, as the conntrack program prints them (enum sctp_conntrack, enum ct_dccp_states). An SCTP
/// association is CLOSED from its INIT until its INIT_ACK: that is the kernel's word for the beginning, not for the end.
/// </summary>
internal static class ProtocolStates
{
    private static readonly string[] Sctp =
    [
        "NONE", "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT", "SHUTDOWN_RECD", "SHUTDOWN_ACK_SENT",
        "HEARTBEAT_SENT", "HEARTBEAT_ACKED",
    ];

    private static readonly string[] Dccp = ["NONE", "REQUEST", "RESPOND", "PARTOPEN", "OPEN", "CLOSEREQ", "CLOSING", "TIMEWAIT", "IGNORE", "INVALID"];

    /// <summary>The name; "UNKNOWN(n)" for a number or a protocol unknown to this version.</summary>
    public static string Name(byte proto, byte state)
    {
        string[] names = proto switch { Protocols.Sctp => Sctp, Protocols.Dccp => Dccp, _ => [] };
        return state < names.Length ? names[state] : $"UNKNOWN({state})";
    }
}
