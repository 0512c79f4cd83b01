using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;

namespace ConntrackConsole.Diagnosis.Rules.Shared;

/// <summary>Attempts to connect that failed or went astray, which M5b, M6, M6b, M7 and M12 explain; each counts another part of them.</summary>
internal static class Attempts
{
    public static ExplainedShare Share(Evidence seen, int count, string what) => new(ExplainedUnit.Attempts, count, Whole(seen), $"{count} {what}");

    private static int Whole(Evidence seen)
    {
        int entries = seen.Entries.Value is { } found ? found.EstablishedWithOwner.Count + found.NewAfterRemoval.Count + found.SynSentReused.Count : 0;
        return entries + (seen.Traffic.Value is { } traffic ? (traffic.Refused?.Count ?? 0) + (traffic.DelayedConnects?.Count ?? 0) : 0);
    }
}
