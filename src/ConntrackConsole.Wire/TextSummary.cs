namespace ConntrackConsole.Wire;

/// <summary>Shortens quoted texts and lists in messages.</summary>
internal static class TextSummary
{
    /// <summary>The text, or its first <paramref name="maxLength"/> characters and an ellipsis.</summary>
    public static string Truncate(string text, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length <= maxLength ? text : text[..maxLength] + "…";
    }

    /// <summary>"a, b, c", or the first <paramref name="max"/> items and the number of the others: "a, b and 5 more".</summary>
    /// <param name="items">The items to list.</param>
    /// <param name="max">Maximum number of listed items.</param>
    /// <param name="noun">Follows "more": "and 5 more nodes".</param>
    public static string List(IReadOnlyCollection<string> items, int max, string? noun = null)
    {
        ArgumentNullException.ThrowIfNull(items);
        return List(items, items.Count, max, noun);
    }

    /// <summary>The same of items of which only the first ones are known.</summary>
    /// <param name="items">At least the first <paramref name="max"/>.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="max">Maximum number of listed items.</param>
    /// <param name="noun">Follows "more".</param>
    public static string List(IReadOnlyCollection<string> items, int count, int max, string? noun = null)
    {
        ArgumentNullException.ThrowIfNull(items);
        return count <= max ? string.Join(", ", items) : $"{string.Join(", ", items.Take(max))} and {count - max:N0} more{(noun is null ? "" : " " + noun)}";
    }
}
