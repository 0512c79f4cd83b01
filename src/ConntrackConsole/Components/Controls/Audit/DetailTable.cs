using System.Text.Json;

namespace ConntrackConsole.Components.Controls.Audit;

/// <summary>A list of deleted entries as a table: a column for each name that one of them has.</summary>
/// <param name="Left">How many are not in it, for their number.</param>
internal sealed record DetailTable(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows, int Left)
{
    public const int Most = 200;

    /// <returns>Null where the text is no list of objects.</returns>
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
            var shown = entries.Take(Most).ToList();
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
