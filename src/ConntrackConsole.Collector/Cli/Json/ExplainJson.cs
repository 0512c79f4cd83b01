using ConntrackConsole.Collector.Explain;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli.Json;

/// <summary>Result of explain. Unknown numbers are null.</summary>
internal sealed record ExplainJson(
    string PodIp, int Seconds, string Conclusion, IReadOnlyList<VerdictJson> Verdicts, IReadOnlyList<string> Missing,
    IReadOnlyList<string> CannotKnow, IReadOnlyList<string> Commands, IReadOnlyList<EntryBucket> Entries, int Established, int Answered,
    int Idle, int Stuck, int Closed, int UnNatedResets, int BackendResets, int BackendResetsThatFollow, int RefusedSyns, int NewBackendResets,
    int ClientAborts, int OtherResets, int LostEntries, int MidStreamEntries, int UnNatedEntries, long? PacketsFrom, long? PacketsTo,
    string Route, Counters Counters, IReadOnlyDictionary<string, string> Settings, bool KubeProxyAnswers, int Gaps,
    int UnknownClientResets, int BackendResetsUnclear, int Offloaded,
    int LostByKernel, IpvsConnectionSummary? Ipvs, int? IpvsServers)
{
    public static ExplainJson Of(AddressObservation seen, Explanation explanation) => new(
        seen.PodIp.ToString(), seen.Seconds, explanation.Conclusion,
        [
            .. explanation.Verdicts.Select(verdict => new VerdictJson(
                verdict.Mechanism, verdict.Title, verdict.Share,
                [.. verdict.Reasons.Select(reason => new ReasonJson(EvidenceClasses.Name(reason.Class), reason.Sentence))], verdict.RefutedBy, verdict.Helps, verdict.Code)),
        ],
        explanation.Missing, explanation.CannotKnow, explanation.Commands, seen.Entries, seen.Established, seen.Answered, seen.Idle, seen.Stuck,
        seen.Closed, seen.UnNatedResets, seen.BackendResets, seen.BackendResetsThatFollow, seen.RefusedSyns, seen.NewBackendResets,
        seen.ClientAborts, seen.OtherResets, seen.LostEntries, seen.MidStreamEntries, seen.UnNatedEntries, seen.Packets?.From, seen.Packets?.To,
        seen.RouteText, seen.Counters, seen.Settings, seen.Proxy is { Answers: true }, seen.Gaps,
        seen.UnknownClientResets, seen.BackendResetsUnclear, seen.Offloaded,
        seen.LostByKernel, seen.Ipvs?.Connections, seen.Ipvs?.Servers);
}

internal sealed record VerdictJson(string Mechanism, string Title, string Share, IReadOnlyList<ReasonJson> Evidence, string RefutedBy, string Helps, string Code);

internal sealed record ReasonJson(string Class, string Sentence);
