namespace ConntrackConsole.Diagnosis.Facts;

/// <summary>
/// Repeated look-ups of the subject's translated ESTABLISHED TCP entries: their remaining timeouts show whether the backend
/// acknowledges. Each count but <see cref="Established"/> and <see cref="Offloaded"/> is a subset of <see cref="Established"/>.
/// </summary>
internal sealed record LookupEvidence
{
    public int Established { get; init; }

    /// <summary>Waits for an acknowledgement at the last look-up; half of all healthy busy entries do at any moment.</summary>
    public int Waiting { get; init; }

    /// <summary>Unacknowledged in every look-up for at least <see cref="StuckSeconds"/>.</summary>
    public int Stuck { get; init; }

    /// <summary>
    /// Data waits, and for more than a second no packet of either direction renewed the timeout: the sender backs off. Neither a busy connection nor
    /// a stream, which are unacknowledged at any moment, pauses like that. 0 where the collector does not report it.
    /// </summary>
    public int BackingOff { get; init; }

    /// <summary>The timeout rose at least once: the backend answered.</summary>
    public int Answered { get; init; }

    /// <summary>Full timeout running down: no traffic.</summary>
    public int Idle { get; init; }

    /// <summary>Nothing is known: the timeout is short and runs down without a retransmission (a stray reset may have cut it), or it was not looked up.</summary>
    public int Cut { get; init; }

    /// <summary>Forwarded by a flowtable past conntrack: nothing is known of them.</summary>
    public int Offloaded { get; init; }

    /// <summary>No entry was looked up, because more addresses than the watch list holds have no live owner; <see cref="Established"/> is then the number of entries.</summary>
    public bool IsLeftOut { get; init; }

    /// <summary>Duration of the look-ups.</summary>
    public int Seconds { get; init; }

    /// <summary>Minimum time without any acknowledgement: longer than any healthy round trip with its retransmissions.</summary>
    public const int StuckSeconds = 10;
}
