namespace ConntrackConsole.Diagnosis.Facts;

/// <summary>TCP resets that concern the subject, by <see cref="Wire.ResetKind"/>; each counts distinct clients (<see cref="ResetTally"/>).</summary>
internal sealed record ResetEvidence
{
    /// <summary>Clients reset the pod's own address although their entries use the Service.</summary>
    public Occurrences UnNated { get; init; } = Occurrences.None;

    /// <summary>The backend reset clients, except those that had sent it an un-NATed reset before.</summary>
    public Occurrences FromBackend { get; init; } = Occurrences.None;

    /// <summary>Backend resets caused by an earlier un-NATed reset.</summary>
    public int FromBackendFollowing { get; init; }

    /// <summary>Backend resets to clients of <see cref="UnknownSender"/>: which of the two came first is unknown.</summary>
    public int FromBackendUnclear { get; init; }

    /// <summary>Answers of the backend to a SYN.</summary>
    public Occurrences RefusedSyns { get; init; } = Occurrences.None;

    /// <summary>Resets by a backend that never had the connection.</summary>
    public Occurrences NewBackend { get; init; } = Occurrences.None;

    /// <summary>The application of the client aborts: normal.</summary>
    public int ClientAborts { get; init; }

    /// <summary>The pod received a reset, and it is unknown where it was sent: an abort, or the answer to an un-NATed segment.</summary>
    public int UnknownSender { get; init; }

    /// <summary>Without a Service, or none of the kinds above.</summary>
    public int Other { get; init; }

    /// <summary>Which resets are not observed where they are sent; null = all are.</summary>
    public string? Incomplete { get; init; }

    /// <summary>All resets that ended a connection of a client against its will, or may have.</summary>
    public int Total => UnNated.Count + FromBackend.Count + FromBackendFollowing + FromBackendUnclear + RefusedSyns.Count + NewBackend.Count;
}
