using System.Collections.Concurrent;
using ConntrackConsole.Components.State;
using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Components.Controls.Timeline;

/// <summary>The names of a view's Services. Views that follow each other nearly always have the same: then they are the same list.</summary>
internal static class ServiceNames
{
    private const int MaxKept = 256;

    private static readonly SharedByView<bool, IReadOnlyList<(string Namespace, string Name)>> Shared = new((view, _) => Kept(view.Services));
    private static readonly ConcurrentDictionary<int, IReadOnlyList<(string Namespace, string Name)>> Lists = new();

    /// <summary>In the order of the lanes; the list is shared.</summary>
    public static IReadOnlyList<(string Namespace, string Name)> Of(TimelineView view) => Shared.Of(view, true);

    private static IReadOnlyList<(string Namespace, string Name)> Kept(IReadOnlyList<ServiceLane> lanes)
    {
        var hash = new HashCode();
        foreach (var lane in lanes)
        {
            hash.Add(lane.Namespace);
            hash.Add(lane.Name);
        }

        int key = hash.ToHashCode();
        if (Lists.TryGetValue(key, out var kept) && IsOf(kept, lanes))
            return kept;
        if (Lists.Count >= MaxKept)
            Lists.Clear();
        return Lists[key] = [.. lanes.Select(lane => (lane.Namespace, lane.Name))];
    }

    private static bool IsOf(IReadOnlyList<(string Namespace, string Name)> names, IReadOnlyList<ServiceLane> lanes)
    {
        if (names.Count != lanes.Count)
            return false;
        for (int i = 0; i < names.Count; i++)
        {
            if (names[i] != (lanes[i].Namespace, lanes[i].Name))
                return false;
        }

        return true;
    }
}
