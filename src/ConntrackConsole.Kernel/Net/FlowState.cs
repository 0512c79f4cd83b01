namespace ConntrackConsole.Kernel.Net;

/// <summary>
/// The state of a flow by conntrack's names. TCP states have the kernel's numbers (enum tcp_conntrack in
/// nf_conntrack_tcp.h); other protocols have no such state and are classified by their status bits.
/// </summary>
public enum FlowState : byte
{
    /// <summary>TCP, no state yet.</summary>
    None = 0,
    /// <summary>TCP, SYN seen.</summary>
    SynSent = 1,
    /// <summary>TCP, SYN-ACK seen.</summary>
    SynRecv = 2,
    /// <summary>TCP, established. With UNREPLIED status: picked up in mid-stream.</summary>
    Established = 3,
    /// <summary>TCP, first FIN seen.</summary>
    FinWait = 4,
    /// <summary>TCP, FIN acknowledged.</summary>
    CloseWait = 5,
    /// <summary>TCP, second FIN seen.</summary>
    LastAck = 6,
    /// <summary>TCP, both FINs acknowledged.</summary>
    TimeWait = 7,
    /// <summary>TCP, closed by a reset.</summary>
    Close = 8,
    /// <summary>TCP, simultaneous open.</summary>
    SynSent2 = 9,
    /// <summary>Not TCP: packets in one direction only.</summary>
    Unreplied = 10,
    /// <summary>Not TCP: packets in both directions.</summary>
    Replied = 11,
    /// <summary>Not TCP: both directions and assured (not dropped early when the table is full).</summary>
    Assured = 12,
    /// <summary>
    /// Any protocol: a flowtable forwards its packets, so that conntrack knows neither a state nor a timeout, nor sees a reset.
    /// </summary>
    Offloaded = 13,
}

/// <summary>Names of <see cref="FlowState"/> values as printed by the conntrack program.</summary>
public static class FlowStates
{
    /// <summary>Number of states: the length of a set of count columns.</summary>
    public const int Count = 14;

    private static readonly string[] Names =
    [
        "NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",
        "SYN_SENT2", "UNREPLIED", "REPLIED", "ASSURED", "OFFLOADED",
    ];

    /// <summary>conntrack's name, such as ESTABLISHED; "UNKNOWN(n)" for a number unknown to this version.</summary>
    public static string Name(this FlowState state) => (int)state < Count ? Names[(int)state] : $"UNKNOWN({(int)state})";

    /// <summary>
    /// True for states in which an entry still steers packets of a connection: SYN_SENT, SYN_RECV, ESTABLISHED,
    /// SYN_SENT2, OFFLOADED and every state of other protocols. The rest (FIN_WAIT to CLOSE) are closing entries and prove nothing.
    /// </summary>
    public static bool IsLive(this FlowState state) =>
        state is FlowState.SynSent or FlowState.SynRecv or FlowState.Established or FlowState.SynSent2
            or FlowState.Unreplied or FlowState.Replied or FlowState.Assured or FlowState.Offloaded;
}
