namespace ConntrackConsole.Audit;

/// <summary>What is wrong with a row.</summary>
internal enum AuditFaultKind
{
    Changed,
    Removed,
    ReOrdered,
    Inserted,
    /// <summary>The key that it names is not among those given.</summary>
    KeyUnknown,
    /// <summary>Without a key, or with a former one, behind rows that have a newer one.</summary>
    KeyStepsBack,
    /// <summary>Rows, and none of them is in a chain.</summary>
    NoChain,
    /// <summary>The database file itself is damaged there.</summary>
    Unreadable,
}

/// <summary>The first fault.</summary>
internal sealed record AuditFault(long Row, AuditFaultKind Kind, string Sentence)
{
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

/// <summary>What a walk along the whole chain found.</summary>
/// <param name="Rows">Rows that were checked.</param>
/// <param name="Keyed">Of them, rows whose hash needs a key.</param>
/// <param name="Earlier">Of them, rows from before the chain, which its first row covers.</param>
/// <param name="Head">The last sound row.</param>
/// <param name="Fault">Null: the chain is whole.</param>
/// <param name="AgainstHead">Whether a head from the log was given: only then a missing tail would show.</param>
internal sealed record AuditVerdict(long Rows, long Keyed, long Earlier, AuditHead? Head, AuditFault? Fault, bool AgainstHead)
{
    public bool IsWhole => Fault is null;

    public long Unkeyed => Rows - Keyed - Earlier;

    /// <summary>What the keys prove, and what not.</summary>
    public string KeySentence => (Keyed, Unkeyed, Earlier) switch
    {
        (0, 0, 0) => "There is no row yet.",
        (0, 0, _) => $"None of {Earlier:N0} rows is in a chain.",
        (0, _, _) => "Unkeyed: whoever can write the database can also make the whole chain anew. Set Audit:KeyFile, and it takes the key too.",
        (_, 0, 0) => "Keyed: nobody without the key can have made these hashes.",
        _ => $"Keyed: {Keyed:N0} rows have a key. The {Unkeyed + Earlier:N0} before them have none; they are fixed since the first that has.",
    };

    public string TailSentence => AgainstHead
        ? "Compared with the given head: rows cut off at the tail would show."
        : "Rows cut off at the tail show only against a head from the console's log ('Audit head: row N, HASH'): give it with --head N:HASH.";
}
