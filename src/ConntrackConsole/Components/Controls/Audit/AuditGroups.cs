using ConntrackConsole.Audit;

namespace ConntrackConsole.Components.Controls.Audit;

/// <summary>
/// A page of the log with one row for each action: its newest one, and below it the others where they are asked for. What was done without
/// an approval always has its row.
/// </summary>
/// <param name="Rows">What is shown, in the order of the page.</param>
/// <param name="Others">By action, how many rows of the page are shown only where they are asked for; no action that has none.</param>
internal sealed record AuditGroups(IReadOnlyList<AuditEntry> Rows, IReadOnlyDictionary<string, int> Others)
{
    /// <summary>Every row of the page.</summary>
    public static AuditGroups None(IReadOnlyList<AuditEntry> page) => new(page, new Dictionary<string, int>());

    /// <param name="page">Newest first.</param>
    /// <param name="expanded">Ids of the actions with all their rows.</param>
    public static AuditGroups Of(IReadOnlyList<AuditEntry> page, IReadOnlySet<string> expanded)
    {
        ArgumentNullException.ThrowIfNull(page);
        ArgumentNullException.ThrowIfNull(expanded);
        var byAction = page.Where(HasAction).ToLookup(row => row.ActionId!, StringComparer.Ordinal);
        var rows = new List<AuditEntry>(page.Count);
        var begun = new HashSet<string>(StringComparer.Ordinal);
        foreach (var row in page)
        {
            if (!HasAction(row))
                rows.Add(row);
            else if (begun.Add(row.ActionId!))
                rows.AddRange(byAction[row.ActionId!].Where(other => other == row || other.IsBreakGlass || expanded.Contains(row.ActionId!)));
        }

        return new AuditGroups(
            rows, byAction.Select(group => (group.Key, Count: group.Skip(1).Count(row => !row.IsBreakGlass))).Where(group => group.Count > 0).ToDictionary(group => group.Key, group => group.Count, StringComparer.Ordinal));
    }

    /// <summary>The newest row of an action, which stands for others.</summary>
    public bool IsHead(AuditEntry row) => HasAction(row) && Others.ContainsKey(row.ActionId!) && Rows.First(other => other.ActionId == row.ActionId).Id == row.Id;

    private static bool HasAction(AuditEntry row) => !string.IsNullOrEmpty(row.ActionId);
}
