using ConntrackConsole.Checks.Model;
using ConntrackConsole.Checks.Service;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Findings;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Inventory;

/// <summary>Joins the Services of the cluster with their findings, entries and resets, and ranks them by what hurts now.</summary>
internal sealed class ServiceSummaryBuilder(
    CheckContext context, CheckReport report, FindingReport found, TimelineQueryExecutor reading, ClusterMap map, IReadOnlyList<ResetDeduplicator.Report> resets)
{
    private const long NowWindowMs = 60_000;

    public IReadOnlyList<ServiceSummary> Build()
    {
        var entries = Entries();
        var findings = found.Findings.Where(finding => finding is { EndedMs: null, Subject.Service: not null }).ToLookup(finding => finding.Subject.Service!.Value);
        var reset = resets.Select(report => (Service: reading.ServiceOf(report.Reset), report.Reset)).Where(pair => pair.Service is not null).ToLookup(pair => pair.Service!.Value, pair => pair.Reset);
        return
        [
            .. context.Services.Select(service => Build(service, [.. findings[service.Info.Key]], entries, reset[service.Info.Key]))
                .OrderBy(service => service.Rank)
                .ThenByDescending(service => service.Rank == ServiceRank.Finding ? service.Findings.Count : 0)
                .ThenByDescending(service => service.Stale?.Sum ?? 0)
                .ThenByDescending(service => service.ResetCount)
                .ThenBy(service => service.Info.Key.Namespace, StringComparer.Ordinal).ThenBy(service => service.Info.Key.Name, StringComparer.Ordinal),
        ];
    }

    private ServiceSummary Build(ServiceCheckContext service, IReadOnlyList<ObservedFinding> findings, Dictionary<ServiceKey, long?> entries, IEnumerable<Reset> reset)
    {
        // The map is newer than the round: it has what was changed since.
        var info = map.Services.GetValueOrDefault(service.Info.Key) ?? service.Info;
        var check = report.Of(StaleEntries.Name, service.Subject);
        bool isKnown = check is { State: not CheckState.InsufficientData };
        var stale = new StaleCount(service.Entries.Stale, service.Entries.Reassigned, service.Entries.Untranslated, service.Entries.OldestStaleMs);
        var summary = new ServiceSummary(info, ServiceRank.None)
        {
            Findings = findings,
            Ready = service.Ready,
            Terminating = service.Terminating,
            NotReady = Math.Max(0, service.Endpoints - service.Ready - service.Terminating),
            Entries = entries.TryGetValue(info.Key, out long? count) ? count : context.SilentNodes.Count == 0 && context.Reporting > 0 ? 0 : null,
            // What is known to be stale is shown also where more may be.
            Stale = isKnown || stale.Sum > 0 ? stale : null,
            Unknown = check is null ? "The stale entries have not been counted yet." : !isKnown ? check.Sentence
                : context.SilentNodes.Count > 0 && check.State != CheckState.NotApplicable ? $"Not counted: {TextSummary.List(context.SilentNodes, 3)}." : null,
            Resets = KindCount.Of(reset),
        };
        return summary with { Rank = RankOf(summary) };
    }

    private static ServiceRank RankOf(ServiceSummary service) =>
        service.Findings.Count > 0 ? ServiceRank.Finding
        : service.Stale is { Sum: > 0 } ? ServiceRank.StaleEntries
        : service.ResetCount > 0 ? ServiceRank.Resets
        : service.Unknown is not null ? ServiceRank.Unknown : ServiceRank.None;

    // A Service has a lane for each address and port; one that is not known makes the sum unknown.
    private Dictionary<ServiceKey, long?> Entries()
    {
        var view = reading.View(new TimelineQuery(reading.NowMs - NowWindowMs, reading.NowMs, 60, Lanes: 0));
        var sums = new Dictionary<ServiceKey, long?>();
        foreach (var lane in view.Services)
        {
            if (lane.Name.Length == 0 || lane.Sum is not { } sum)
                continue;
            var key = new ServiceKey(lane.Namespace, lane.Name);
            long? last = LaneOrder.Last(sum.Entries, view.FromMs, view.StepMs, view.Columns, view.NowMs);
            sums[key] = sums.TryGetValue(key, out long? former) ? former + last : last;
        }

        return sums;
    }
}
