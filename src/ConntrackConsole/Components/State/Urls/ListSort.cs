namespace ConntrackConsole.Components.State.Urls;

/// <summary>A column by which a list can be sorted.</summary>
/// <param name="Id">Its name in the URL.</param>
/// <param name="Name">Its header.</param>
/// <param name="By">What is compared; the lowest value where it is not known, so that it comes last after the first click.</param>
/// <param name="IsText">The first click sorts from A; that of other columns from the highest value, which needs attention.</param>
internal sealed record SortColumn<T>(string Id, string Name, Func<T, IComparable> By, bool IsText = false);

/// <summary>How a list is sorted, kept in its URL.</summary>
/// <param name="Column">Id of a column; null for the list's own order.</param>
/// <param name="IsDescending">From the highest value; not without a column.</param>
internal sealed record ListSort(string? Column, bool IsDescending)
{
    public static readonly ListSort Own = new(null, false);

    public static ListSort Parse(UrlQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        return query["sort"] is { Length: <= 20 } column ? new ListSort(column, query["desc"] == "1") : Own;
    }

    /// <returns>The values of the parameters sort and desc; null where the parameter is not needed.</returns>
    public (string? Sort, string? Desc) ToQuery() => (Column, IsDescending && Column is not null ? "1" : null);

    /// <summary>Sorted by a column, then the other way round, then in the list's own order.</summary>
    public ListSort Next<T>(SortColumn<T> column)
    {
        ArgumentNullException.ThrowIfNull(column);
        return Column != column.Id ? new ListSort(column.Id, !column.IsText) : IsDescending == column.IsText ? Own : this with { IsDescending = !IsDescending };
    }

    /// <returns>The value of aria-sort.</returns>
    public string Order(string column) => Column != column ? "none" : IsDescending ? "descending" : "ascending";

    /// <summary>The rows in this order; rows that are equal keep theirs. An unknown column changes nothing.</summary>
    public List<T> Apply<T>(IEnumerable<T> rows, IReadOnlyList<SortColumn<T>> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        if (columns.FirstOrDefault(column => column.Id == Column) is not { } by)
            return [.. rows];
        return [.. IsDescending ? rows.OrderByDescending(by.By, Natural) : rows.OrderBy(by.By, Natural)];
    }

    // Texts by their code units: the order of a list does not depend on the machine's language.
    private static readonly IComparer<IComparable> Natural = Comparer<IComparable>.Create((a, b) => a is string x && b is string y ? string.CompareOrdinal(x, y) : a.CompareTo(b));
}
