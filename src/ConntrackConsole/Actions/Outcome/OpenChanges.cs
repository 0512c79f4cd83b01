using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Outcome;

/// <summary>A setting change that a node has not reverted.</summary>
/// <param name="Now">Current value according to the node's last frames; null if unknown.</param>
/// <param name="Drifted">The value is no longer the written one: something else changed it.</param>
/// <param name="Alarm">Why the node did not revert it when it expired, or null.</param>
public sealed record OpenSetting(string ActionId, string Node, string Key, string Before, string Written, string? Now, long RevertAtMs, bool Drifted, string? Alarm);

/// <summary>Lists open changes with the time of their revert and whether something else has changed the value since.</summary>
internal sealed class OpenChanges(ActionStore store, TimelineStore timeline, TimeProvider time)
{
    private static readonly TimeSpan Lookback = TimeSpan.FromDays(30);

    public async Task<IReadOnlyList<OpenSetting>> ReadAsync(CancellationToken ct)
    {
        var records = await store.SettingsSinceAsync(time.GetUtcNow().Subtract(Lookback).ToUnixTimeMilliseconds(), ct);
        var facts = timeline.Facts(new Dictionary<Ip, long>()).Nodes;
        return
        [
            .. from record in records
               from node in record.Nodes
               where node.IsOpenChange
               let setting = node.Setting!
               let now = facts.GetValueOrDefault(node.Node)?.Settings.GetValueOrDefault(setting.Key).Value
               let written = record.Plan.Request.Value!
               orderby setting.RevertAtMs, node.Node
               select new OpenSetting(
                   record.Id, node.Node, setting.Key, setting.Before!, written, now, setting.RevertAtMs!.Value,
                   now is not null && now != written, setting.Outcome == SettingOutcome.Written ? null : setting.Message),
        ];
    }
}
