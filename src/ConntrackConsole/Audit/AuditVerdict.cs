namespace ConntrackConsole.Audit;

/// <summary>Kind of a fault in the chain.</summary>
internal enum AuditFaultKind
{
    Changed,
    Removed,
    ReOrdered,
    Inserted,
    /// <summary>The key of the row is not configured.</summary>
    KeyUnknown,
    /// <summary>Without a key, or with a former one, after rows with a newer one.</summary>
    KeyStepsBack,
    /// <summary>There are rows, but none is in a chain.</summary>
    NoChain,
    /// <summary>The database file is damaged at this row.</summary>
    Unreadable,
}

/// <summary>The first fault in the chain.</summary>
internal sealed record AuditFault(long Row, AuditFaultKind Kind, string Message)
{
    public string Code => Kind.Code();

    public string KindName => Kind switch
    {
        AuditFaultKind.Changed => "changed",
        AuditFaultKind.Removed => "removed",
        AuditFaultKind.ReOrdered => "re-ordered",
        AuditFaultKind.Inserted => "inserted",
        AuditFaultKind.KeyUnknown => "key unknown",
        AuditFaultKind.KeyStepsBack => "key steps back",
        AuditFaultKind.NoChain => "no chain",
        _ => "unreadable",
    };
}

/// <summary>Result of verifying the whole chain.</summary>
/// <param name="Rows">Rows that were checked.</param>
/// <param name="Keyed">Rows with a keyed hash.</param>
/// <param name="Earlier">Rows from before the chain, which its first row covers.</param>
/// <param name="Head">The last valid row.</param>
/// <param name="Fault">Null: the chain is intact.</param>
/// <param name="AgainstHead">Whether a head from the log was given; only then can removed last rows be detected.</param>
internal sealed record AuditVerdict(long Rows, long Keyed, long Earlier, AuditHead? Head, AuditFault? Fault, bool AgainstHead)
{
    public bool IsIntact => Fault is null;

    public long Unkeyed => Rows - Keyed - Earlier;

    /// <summary>What the keys prove.</summary>
    public string KeyMessage => (Keyed, Unkeyed, Earlier) switch
    {
        (0, 0, 0) => "There is no row yet.",
        (0, 0, _) => $"None of the {Earlier:N0} rows is in a chain.",
        (0, _, _) => "Unkeyed: anyone who can write the database can also recompute the whole chain. Set Audit:KeyFile to require the key for that.",
        (_, 0, 0) => "Keyed: these hashes cannot be computed without the key.",
        _ => $"Keyed: {Keyed:N0} rows have a key. The {Unkeyed + Earlier:N0} rows before them have no key; they are protected since the first keyed row.",
    };

    public string TailMessage => AgainstHead
        ? "Compared with the given head: rows removed from the end would be detected."
        : "Rows removed from the end can be detected only with a head from the console's log ('Audit head: row N, HASH'): pass it with --head N:HASH.";
}
