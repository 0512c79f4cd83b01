using System.Globalization;
using System.Text.Json;

namespace ConntrackConsole.Bench;

/// <summary>One measured figure with its limit.</summary>
/// <param name="Ok">Null if there is no limit: informational.</param>
internal sealed record Figure(string What, double Value, string Unit, double? Limit, bool? Ok, string Detail)
{
    /// <summary>The limit is a minimum.</summary>
    public bool IsMinimum { get; init; }
}

/// <summary>Collects figures, prints them as a table, and writes them as JSON.</summary>
internal sealed class Report
{
    private readonly List<Figure> _figures = [];

    public bool AllOk => _figures.TrueForAll(figure => figure.Ok != false);

    public void AtMost(string what, double value, string unit, double limit, string detail = "") =>
        Add(new Figure(what, value, unit, limit, value <= limit, detail));

    public void AtLeast(string what, double value, string unit, double limit, string detail = "") =>
        Add(new Figure(what, value, unit, limit, value >= limit, detail) { IsMinimum = true });

    public void Info(string what, double value, string unit, string detail = "") => Add(new Figure(what, value, unit, null, null, detail));

    public void Write(string path)
    {
        string machine = $"{Environment.ProcessorCount} cores, Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}";
        Console.WriteLine();
        Console.WriteLine($"| what ({machine}) | measured | limit | | detail |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var figure in _figures)
        {
            string mark = figure.Ok switch { true => "ok", false => figure.IsMinimum ? "**under**" : "**over**", null => "" };
            Console.WriteLine($"| {figure.What} | {Text(figure.Value)} {figure.Unit} | {(figure.Limit is { } limit ? (figure.IsMinimum ? "≥ " : "≤ ") + Text(limit) : "")} | {mark} | {figure.Detail} |");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = File.Create(path);
        using var json = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("machine", machine);
        json.WriteString("at", DateTimeOffset.UtcNow);
        json.WriteStartArray("figures");
        foreach (var figure in _figures)
        {
            json.WriteStartObject();
            json.WriteString("what", figure.What);
            json.WriteNumber("value", Math.Round(figure.Value, 4));
            json.WriteString("unit", figure.Unit);
            if (figure.Limit is { } limit)
                json.WriteNumber("limit", limit);
            if (figure.Ok is { } ok)
                json.WriteBoolean("ok", ok);
            json.WriteString("detail", figure.Detail);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static string Text(double value) => value.ToString(value < 10 ? "0.##" : "0", CultureInfo.InvariantCulture);

    private void Add(Figure figure)
    {
        _figures.Add(figure);
        Console.Error.WriteLine($"{figure.What}: {Text(figure.Value)} {figure.Unit} {(figure.Ok == false ? "NOT " + (figure.IsMinimum ? "≥ " : "≤ ") + Text(figure.Limit!.Value) : "")} {figure.Detail}");
    }
}

internal static class Median
{
    public static double Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
