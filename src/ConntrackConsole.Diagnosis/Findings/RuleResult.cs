using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;

namespace ConntrackConsole.Diagnosis.Findings;

/// <summary>What is missing for a finding.</summary>
internal enum MissingKind
{
    /// <summary>Evidence that was not observed, or does not agree.</summary>
    Evidence,
    /// <summary>Entries wait for an answer, and the observation was too short to see whether it comes.</summary>
    Time,
    /// <summary>A longer observation may show a packet without an answer.</summary>
    UnansweredPacket,
    /// <summary>A whole source is missing, or has gaps: whatever it would have shown is unknown.</summary>
    Source,
}

/// <summary>Why no finding could be made although something points to a mechanism.</summary>
/// <param name="Mechanisms">Those that are possible, such as "M3 or M5".</param>
/// <param name="What">What is missing, for users; follows "insufficient: missing".</param>
internal sealed record MissingEvidence(string Mechanisms, string What, MissingKind Kind = MissingKind.Evidence);

/// <summary>Result of one rule. Both lists empty: the rule does not apply.</summary>
internal sealed record RuleResult(IReadOnlyList<Finding> Findings, IReadOnlyList<MissingEvidence> Missing)
{
    public static readonly RuleResult Nothing = new([], []);

    public static RuleResult Found(Finding finding) => new([finding], []);

    public static RuleResult Insufficient(string mechanisms, string what, MissingKind kind = MissingKind.Evidence) => new([], [new(mechanisms, what, kind)]);

    public static RuleResult operator +(RuleResult left, RuleResult right) => new([.. left.Findings, .. right.Findings], [.. left.Missing, .. right.Missing]);

    /// <summary>A finding if the items are of two classes or more; otherwise insufficient.</summary>
    public static RuleResult Of(Evidence seen, Mechanism mechanism, ExplainedShare explains, IReadOnlyList<EvidenceItem> items, Occurrences? when = null, string? helps = null,
        IReadOnlyList<Remedy>? remedies = null, IReadOnlyList<HarmfulRemedy>? harmful = null, string? refutedBy = null)
    {
        int classes = items.Select(item => item.Class).Distinct().Count();
        if (classes < 2)
            return Insufficient(mechanism.Id, $"a second independent kind of evidence for {mechanism.Id}, beside {string.Join(", ", items.Select(item => EvidenceClasses.Name(item.Class)).Distinct())}");
        return Found(new Finding
        {
            Mechanism = mechanism,
            Subject = seen.Subject,
            SinceMs = when?.FirstMs,
            UntilMs = when?.LastMs,
            Explains = explains,
            Confidence = classes - (seen.Gaps.Count > 0 ? 1 : 0) >= 3 ? Confidence.High : Confidence.Moderate,
            Evidence = items,
            RefutedBy = refutedBy ?? mechanism.RefutedBy,
            Gaps = seen.Gaps,
            Helps = helps ?? mechanism.Helps,
            Remedies = remedies ?? mechanism.Remedies,
            Harmful = harmful ?? mechanism.Harmful,
        });
    }

    /// <summary>A warning: a measured condition, which needs no second class.</summary>
    public static RuleResult Warning(Evidence seen, Mechanism mechanism, params EvidenceItem[] items) => Found(new Finding
    {
        Mechanism = mechanism,
        Subject = seen.Subject,
        Explains = ExplainedShare.Nothing,
        Confidence = Confidence.Measured,
        Evidence = items,
        RefutedBy = mechanism.RefutedBy,
        Gaps = seen.Gaps,
        Helps = mechanism.Helps,
        Remedies = mechanism.Remedies,
        Harmful = mechanism.Harmful,
    });
}
