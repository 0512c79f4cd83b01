using System.Data.Common;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Components.Controls.Findings;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Findings;
using ConntrackConsole.Findings.Explanation;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Incidents.Records;
using ConntrackConsole.Timeline.Live;

namespace ConntrackConsole.Components.Palette;

/// <summary>Reads what the palette searches: the cluster as it is now, and the newest incidents and actions.</summary>
internal sealed partial class PaletteReader(
    ClusterState cluster, TimelineStore timeline, FindingMonitor findings, ActionStore actions, IncidentStore incidents, TimeProvider time, ILogger<PaletteReader> log)
{
    private const int MaxActions = 200;
    private const int MaxIncidents = 200;

    private (ClusterMap Map, PodInfo[] Pods)? _pods;

    public async Task<PaletteSnapshot> ReadAsync(IReadOnlyList<PaletteItem> commands, CancellationToken ct)
    {
        var map = cluster.Current;
        if (_pods is not { } pods || !ReferenceEquals(pods.Map, map))
            _pods = pods = (map, [.. map.Pods.Values]);
        // A node without its object may have a collector.
        var reporting = timeline.Read(reading => reading.Health(), TimelineStore.SharedMs).Where(node => !map.Nodes.ContainsKey(node.Node)).Select(node => new NodeInfo("", node.Node, true, []));
        List<PaletteItem> items = [.. findings.Current.Findings.Select(Item), .. cluster.Rollouts.Reverse().Select(Item)];
        string? problem = null;
        try
        {
            items.AddRange((await incidents.ListAsync(MaxIncidents, null, ct)).Select(Item));
            items.AddRange((await actions.ReadAsync(MaxActions, long.MaxValue, ct)).Select(Item));
        }
        catch (Exception e) when (e is DbException or IOException)
        {
            LogNotRead(e);
            problem = "Incidents and actions could not be read: they are not among the results.";
        }

        return new PaletteSnapshot(time.GetUtcNow().ToUnixTimeMilliseconds())
        {
            Commands = commands, Items = items, Pods = pods.Pods, Services = [.. map.Services.Values], Nodes = [.. map.Nodes.Values, .. reporting],
            Terminations = cluster.Terminations, History = cluster.History, Problem = problem,
        };
    }

    /// <summary>An action by its whole id, however old it is.</summary>
    public async Task<PaletteHit?> ActionAsync(string id, CancellationToken ct)
    {
        try
        {
            return await actions.FindAsync(id.Trim(), ct) is { } record ? Item(record).Hit : null;
        }
        catch (Exception e) when (e is DbException or IOException)
        {
            LogNotRead(e);
            return null;
        }
    }

    private static PaletteItem Item(ObservedFinding finding)
    {
        string subject = finding.Subject.Service?.ToString() ?? finding.Subject.Address?.ToString() ?? finding.Subject.Backend.ToString();
        var hit = new PaletteHit(PaletteKind.Finding, $"{FindingText.Name(finding)}: {subject}", FindingText.Sentence(finding.Finding.Mechanism.Title), FindingLink.Page(finding.Id));
        return new PaletteItem(hit, [hit.Title, hit.Detail, subject, finding.Subject.Service?.Name ?? "", finding.Subject.Backend.ToString(), finding.Id, finding.Code, .. finding.Pods]);
    }

    private static PaletteItem Item(Lifecycle.Rollout rollout) => new(
        new PaletteHit(PaletteKind.Rollout, $"{rollout.Namespace}/{rollout.Label()}", $"{rollout.Kind} · {rollout.State().Name()}", RolloutsUrl.Page(rollout.Id)),
        rollout.Name, rollout.Workload, rollout.Label(), rollout.Id);

    private static PaletteItem Item(Incident incident) => new(
        new PaletteHit(
            PaletteKind.Incident, incident.Title, $"{(incident.ClosedMs is null ? "open" : "closed")} · by {incident.OpenedBy}{(incident.Service is { } service ? $" · {incident.Namespace}/{service}" : "")}",
            IncidentsUrl.Page(incident.Id)),
        incident.Title, incident.Id, incident.Service ?? "", incident.Source ?? "");

    private static PaletteItem Item(ActionRecord record)
    {
        var request = record.Plan.Request;
        string name = $"{(request.Kind == Actions.Guards.ActionKind.Flush ? "Flush of" : "Setting")} {SettingText.Short(request.Target)}";
        return new PaletteItem(
            new PaletteHit(PaletteKind.Action, name, $"{ActionStates.Name(record.State)} · by {record.Plan.RequestedBy}", ActionsUrl.Page(record.Id)),
            name, record.Id, request.Target, SettingText.Short(request.Target));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The palette could not read incidents or actions")]
    private partial void LogNotRead(Exception failure);
}
