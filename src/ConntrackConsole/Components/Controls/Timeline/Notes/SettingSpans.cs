using ConntrackConsole.Components.Text;
using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Components.Controls.Timeline.Notes;

/// <summary>
/// Changes of sysctls that nodes reported, by whomever they were made, as bars of the timeline: the same change on several nodes within a short
/// time is one.
/// </summary>
internal static class SettingSpans
{
    /// <summary>Maximum number of changes that are shown; the newest ones.</summary>
    public const int Max = 100;

    // Nodes report once a second, and are changed one after the other.
    private const long TogetherMs = 30_000;

    public static IReadOnlyList<ChartSpan> Of(IReadOnlyList<ReportedSetting> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var groups = new List<List<ReportedSetting>>();
        foreach (var change in changes.OrderBy(change => change.AtMs))
        {
            var same = groups.FindLast(group => group[0].Name == change.Name && group[0].Before == change.Before && group[0].After == change.After);
            if (same is not null && change.AtMs - same[^1].AtMs <= TogetherMs)
                same.Add(change);
            else
                groups.Add([change]);
        }

        return [.. groups.AsEnumerable().Reverse().Take(Max).Select(Of)];
    }

    private static ChartSpan Of(List<ReportedSetting> group)
    {
        string change = $"{SettingText.Short(group[0].Name)} {Value(group[0].Before)} → {Value(group[0].After)}";
        string[] nodes = [.. group.Select(one => one.Node).Distinct(StringComparer.Ordinal)];
        return new ChartSpan(
            group[0].AtMs, group[^1].AtMs, $"{change} on {(nodes.Length == 1 ? nodes[0] : DisplayText.Count(nodes.Length, "node"))}", "", null,
            [.. group.Take(8).Select(one => new ChartMoment(one.AtMs, one.Node)), .. group.Count > 8 ? [new ChartMoment(null, $"and {group.Count - 8} more")] : Array.Empty<ChartMoment>()]);
    }

    private static string Value(string value) => value.Length == 0 ? "absent" : value;
}
