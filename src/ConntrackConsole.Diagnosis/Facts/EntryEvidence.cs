using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis.Facts;

/// <summary>What conntrack's events and dumps show of the subject's entries. A number that is null was not determined.</summary>
internal sealed record EntryEvidence
{
    /// <summary>Established entries that were destroyed before their connections ended, by cause.</summary>
    public IReadOnlyDictionary<LossCause, Occurrences> Lost { get; init; } = new Dictionary<LossCause, Occurrences>();

    /// <summary>New translated entries that begin in mid-stream: ESTABLISHED [UNREPLIED].</summary>
    public Occurrences MidStream { get; init; } = Occurrences.None;

    /// <summary>New mid-stream entries from the pod's own address: its segment was not translated.</summary>
    public Occurrences UnNated { get; init; } = Occurrences.None;

    /// <summary>
    /// Entries of an address that no pod had any more, at the end of their timeout: their clients still waited for it, and were translated
    /// again at their next retransmission.
    /// </summary>
    public Occurrences Abandoned { get; init; } = Occurrences.None;

    /// <summary>Entries that a reset closed.</summary>
    public int ClosedByReset { get; init; }

    /// <summary>New entries to the backend after its endpoint had left the slices.</summary>
    public Occurrences NewAfterRemoval { get; init; } = Occurrences.None;

    /// <summary>SYN_SENT [UNREPLIED] entries that clients use again and again for new connections, because they have few source ports.</summary>
    public Occurrences SynSentReused { get; init; } = Occurrences.None;

    /// <summary>Entries of the Service that became ESTABLISHED with the address after its present owner had started.</summary>
    public Occurrences EstablishedWithOwner { get; init; } = Occurrences.None;

    /// <summary>Entries that are older than the present owner of the address.</summary>
    public int? OlderThanOwner { get; init; }

    /// <summary>UDP entries to the backend that their senders keep alive.</summary>
    public Occurrences RefreshedUdp { get; init; } = Occurrences.None;

    /// <summary>UDP entries at the Service's own address without a translation, which their senders keep alive.</summary>
    public Occurrences UntranslatedUdp { get; init; } = Occurrences.None;

    /// <summary>Entries of any Service on the nodes that were observed.</summary>
    public int? OfAnyService { get; init; }

    public int LostFor(LossCause cause) => Lost.TryGetValue(cause, out var lost) ? lost.Count : 0;

    public int LostTotal => Lost.Values.Sum(lost => lost.Count);
}
