using MudBlazor;

namespace ConntrackConsole.Components.State.Urls;

/// <summary>What the header of a column shows of the order of its list.</summary>
internal static class ListHeader
{
    /// <returns>The arrow of the column by which the list is sorted; null for the others.</returns>
    public static string? Icon(ListSort sort, string column)
    {
        ArgumentNullException.ThrowIfNull(sort);
        return sort.Order(column) switch
        {
            "ascending" => Icons.Material.Filled.ArrowUpward,
            "descending" => Icons.Material.Filled.ArrowDownward,
            _ => null,
        };
    }

    /// <returns>The name of the column's button for screen readers, with the order.</returns>
    public static string Label(ListSort sort, string column, string name)
    {
        ArgumentNullException.ThrowIfNull(sort);
        return sort.Order(column) is var order and not "none" ? $"{name}, sorted {order}" : name;
    }
}
