namespace ConntrackConsole.Wire;

/// <summary>Shortens what a sentence quotes or lists.</summary>
public static class TextSummary
{
    /// <summary>The text, or its first <paramref name="maxLength"/> characters and an ellipsis.</summary>
    public static string Truncate(string text, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length <= maxLength ? text : text[..maxLength] + "…";
    }

    /// <summary>"a, b, c", or the first <paramref name="max"/> of them and how many more there are: "a, b and 5 more".</summary>
    /// <param name="items">What is listed.</param>
    /// <param name="max">At most so many are named.</param>
    /// <param name="noun">Follows "more": "and 5 more nodes".</param>
    public static string List(IReadOnlyCollection<string> items, int max, string? noun = null)
    {
        ArgumentNullException.ThrowIfNull(items);
        return items.Count <= max
            ? string.Join(", ", items)
            : $"{string.Join(", ", items.Take(max))} and {items.Count - max} more{(noun is null ? "" : " " + noun)}";
    }
}
