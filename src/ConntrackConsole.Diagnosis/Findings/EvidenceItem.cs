namespace ConntrackConsole.Diagnosis.Findings;

/// <summary>Independent kinds of evidence.</summary>
internal enum EvidenceClass
{
    PacketDirection,
    EntryTransition,
    Lifecycle,
    Counters,
    Configuration,
}

internal static class EvidenceClasses
{
    public static string Name(EvidenceClass kind) => kind switch
    {
        EvidenceClass.PacketDirection => "packet direction",
        EvidenceClass.EntryTransition => "entry transition",
        EvidenceClass.Lifecycle => "lifecycle",
        EvidenceClass.Counters => "counters",
        _ => "configuration",
    };
}

/// <summary>One piece of evidence.</summary>
/// <param name="AtMs">When, milliseconds of Unix time; null = unknown, or over the whole window.</param>
internal sealed record EvidenceItem(EvidenceClass Class, string Sentence, long? AtMs = null);
