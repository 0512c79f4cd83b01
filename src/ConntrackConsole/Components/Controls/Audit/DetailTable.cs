using System.Text.Json;

namespace ConntrackConsole.Components.Controls.Audit;

/// <summary>A list of deleted entries as a table with one column per property.</summary>
/// <param name="Left">Number of entries beyond the row limit.</param>
internal sealed record DetailTable(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows, int Left)
{
    public const int MaxRows = 200;

    /// <returns>Null if the text is not a list of objects.</returns>
    public static DetailTable? Parse(string? json)
    {
        if (string.IsNullOrEmpty(json) || json[0] != '[')
            return null;
        try
        {
            using var list = JsonDocument.Parse(json);
            var entries = list.RootElement.EnumerateArray().ToList();
            if (entries.Count == 0 || entries.Any(e => e.ValueKind != JsonValueKind.Object))
                return null;
            var shown = entries.Take(MaxRows).ToList();
            var columns = shown.SelectMany(e => e.EnumerateObject().Select(p => p.Name)).Distinct().ToList();
            var rows = shown.ConvertAll(e => (IReadOnlyList<string>)columns.ConvertAll(c => e.TryGetProperty(c, out var value) ? value.ToString() : ""));
            return new DetailTable(columns, rows, entries.Count - shown.Count);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
