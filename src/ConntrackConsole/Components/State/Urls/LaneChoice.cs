namespace ConntrackConsole.Components.State.Urls;

/// <summary>A lane of the chart, or several that belong together. Its name is in URLs and in wwwroot/js/timeline.js.</summary>
internal sealed record ChartLane(string Name, string Title)
{
    /// <summary>In the order in which they are drawn unless another one is chosen.</summary>
    public static readonly IReadOnlyList<ChartLane> All =
    [
        new("findings", "Findings"), new("actions", "Actions"), new("settings", "Settings changed"), new("rollouts", "Rollouts"), new("pods", "Terminating pods"),
        new("restarts", "Restarts"), new("services", "Services"), new("resets", "Resets"), new("counters", "INVALID and drops"), new("proxy", "kube-proxy sync"),
        new("table", "Table use"), new("gaps", "Gaps"),
    ];

    public static int IndexOf(string name)
    {
        for (int i = 0; i < All.Count; i++)
        {
            if (All[i].Name == name)
                return i;
        }

        return -1;
    }
}

/// <summary>A lane in the menu: those that are shown, in their order, then the others.</summary>
internal sealed record LaneRow(ChartLane Lane, bool IsShown, bool IsCollapsed);

/// <summary>
/// Which lanes the chart has, in which order, and which of them are collapsed to a line, as in the URL: <c>findings,resets,-proxy</c>. Names that
/// this version does not know stay in the URL, for the one that wrote them.
/// </summary>
/// <param name="Text">Empty for all lanes in their order.</param>
internal sealed record LaneChoice(string Text)
{
    public static readonly LaneChoice Default = new("");

    // A URL may contain anything.
    private const int MaxNames = 40;
    private const int MaxLength = 32;

    private const string Nothing = "none";

    public static LaneChoice Parse(string? value)
    {
        var parts = new List<string>();
        foreach (string part in (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Take(MaxNames))
        {
            bool isName = Name(part) is { Length: > 0 and <= MaxLength } name && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
            if (isName && !parts.Exists(other => Name(other) == Name(part)))
                parts.Add(part);
        }

        return new LaneChoice(Canonical(parts));
    }

    /// <summary>Names in the URL that this version does not know.</summary>
    public IReadOnlyList<string> Unknown => [.. Parts.Select(Name).Where(name => name != Nothing && ChartLane.IndexOf(name) < 0)];

    /// <summary>The lanes that are shown, in their order.</summary>
    public IReadOnlyList<LaneRow> Shown =>
        Known is { Count: > 0 } known ? [.. known.Select(part => new LaneRow(ChartLane.All[ChartLane.IndexOf(Name(part))], true, IsCollapsed(part)))]
        : Parts.Contains(Nothing) ? []
        : [.. ChartLane.All.Select(lane => new LaneRow(lane, true, false))];

    /// <summary>All lanes.</summary>
    public IReadOnlyList<LaneRow> Rows => Shown is var shown && shown.Count == ChartLane.All.Count ? shown
        : [.. shown, .. ChartLane.All.Where(lane => shown.All(row => row.Lane != lane)).Select(lane => new LaneRow(lane, false, false))];

    /// <summary>Shows a lane, at its place in the order of all lanes, or hides it.</summary>
    public LaneChoice Toggle(string name)
    {
        var rows = Shown.ToList();
        int at = rows.FindIndex(row => row.Lane.Name == name);
        if (at >= 0)
        {
            rows.RemoveAt(at);
            return With(rows);
        }

        int index = ChartLane.IndexOf(name);
        if (index < 0)
            return this;
        int next = rows.FindIndex(row => ChartLane.IndexOf(row.Lane.Name) > index);
        rows.Insert(next < 0 ? rows.Count : next, new LaneRow(ChartLane.All[index], true, false));
        return With(rows);
    }

    /// <summary>Collapses a lane to a line, or expands it.</summary>
    public LaneChoice ToggleCollapsed(string name) => With([.. Shown.Select(row => row.Lane.Name == name ? row with { IsCollapsed = !row.IsCollapsed } : row)]);

    /// <summary>Expands a lane; the same if it is not collapsed.</summary>
    public LaneChoice Expanded(string name) => Shown.Any(row => row.Lane.Name == name && row.IsCollapsed) ? ToggleCollapsed(name) : this;

    /// <summary>Moves a lane up (-1) or down (1).</summary>
    public LaneChoice Move(string name, int by)
    {
        var rows = Shown.ToList();
        int at = rows.FindIndex(row => row.Lane.Name == name), to = at + by;
        if (at < 0 || to < 0 || to >= rows.Count)
            return this;
        (rows[at], rows[to]) = (rows[to], rows[at]);
        return With(rows);
    }

    private string[] Parts => Text.Split(',', StringSplitOptions.RemoveEmptyEntries);

    private List<string> Known => [.. Parts.Where(part => ChartLane.IndexOf(Name(part)) >= 0)];

    private LaneChoice With(IReadOnlyList<LaneRow> rows)
    {
        List<string> parts = [.. rows.Select(row => row.IsCollapsed ? $"-{row.Lane.Name}" : row.Lane.Name)];
        return new LaneChoice(Canonical([.. parts.Count == 0 ? [Nothing] : parts, .. Unknown]));
    }

    // The order of all lanes needs no words in the URL.
    private static string Canonical(List<string> parts) => parts.SequenceEqual(ChartLane.All.Select(lane => lane.Name)) ? "" : string.Join(',', parts);

    private static string Name(string part) => IsCollapsed(part) ? part[1..] : part;

    private static bool IsCollapsed(string part) => part.StartsWith('-');
}
