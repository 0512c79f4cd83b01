
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Outcome;

/// <summary>A change of a setting that a node has not set back.</summary>
/// <param name="Now">What the node's last frames say; null where they do not.</param>
/// <param name="Drifted">It is not the value that was written any more: somebody else sets it.</param>
/// <param name="Alarm">Why the node did not set it back at its time, or null.</param>
public sealed record OpenSetting(string ActionId, string Node, string Key, string Before, string Written, string? Now, long RevertAtMs, bool Drifted, string? Alarm);

/// <summary>Which changes are open, with their countdown and whether somebody else has changed them since.</summary>
internal sealed class OpenChanges(ActionStore store, TimelineStore timeline, TimeProvider time)
{
    private static readonly TimeSpan Back = TimeSpan.FromDays(30);

    public async Task<IReadOnlyList<OpenSetting>> ReadAsync(CancellationToken ct)
    {
        var records = await store.SettingsSinceAsync(time.GetUtcNow().Subtract(Back).ToUnixTimeMilliseconds(), ct);
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
                   now is not null && now != written, setting.Outcome == SettingOutcome.Written ? null : setting.Sentence),
        ];
    }
}
