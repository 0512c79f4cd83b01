using System.Text.Json;
using System.Text.Json.Nodes;

namespace ConntrackConsole.Accuracy;

/// <summary>Writes the incident file of a run, and beside it what really happened and what the console found: tests replay them.</summary>
internal sealed class IncidentRecorder
{
    // The frames of the last second are on their way.
    private static readonly TimeSpan Arrival = TimeSpan.FromSeconds(3);
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly string _folder;

    public IncidentRecorder(string folder) => _folder = Directory.CreateDirectory(folder).FullName;

    /// <exception cref="HttpRequestException">The console does not return the window.</exception>
    public async Task WriteAsync(ConsoleSource console, ScheduledRun run, ObservedRun observed, CancellationToken stop)
    {
        await Task.Delay(Arrival, stop);
        string window = $"from={Uri.EscapeDataString(Time(observed.Began))}&to={Uri.EscapeDataString(Time(observed.Ended))}";
        byte[] file = await console.GetBytesAsync($"/api/v1/incidents/export?{window}&audit=false", stop);
        var found = JsonNode.Parse(await console.GetBytesAsync($"/api/v1/findings?limit=500&{window}", stop))!;
        var about = new JsonObject
        {
            ["scenario"] = run.Scenario.Name,
            ["variant"] = run.Variant.ToString(),
            ["truth"] = new JsonArray([.. run.Scenario.Parts.Select(part => new JsonObject
            {
                ["scenario"] = part.Name, ["service"] = part.ServiceKey, ["mechanism"] = part.Mechanism, ["code"] = part.Code,
                ["alsoTrue"] = new JsonArray([.. part.AlsoTrue.Select(code => (JsonNode)code)]),
                ["labels"] = observed.Labels.Count(label => (string?)label["mechanism"] is not null && (string?)label["scenario"] == part.Name),
            })]),
            ["verdicts"] = new JsonArray([.. found["findings"]!.AsArray().Select(finding => (JsonNode)Verdict(finding!)).OrderBy(line => (string)line!, StringComparer.Ordinal)]),
        };
        await File.WriteAllBytesAsync(Path.Combine(_folder, run.Name + ".incident"), file, stop);
        await File.WriteAllLinesAsync(Path.Combine(_folder, run.Name + ".labels.jsonl"), observed.Labels.Select(label => label.ToJsonString()), stop);
        await File.WriteAllTextAsync(Path.Combine(_folder, run.Name + ".json"), about.ToJsonString(Indented) + "\n", stop);
    }

    /// <summary>What of a finding must not change: its name, its subject, how much it explains, and how sure it is.</summary>
    private static string Verdict(JsonNode finding)
    {
        var explains = finding["explains"]!;
        return $"{finding["code"]} {finding["namespace"]}/{finding["service"]} {finding["backend"] ?? "-"}: {explains["count"]} of {explains["whole"]} {explains["unit"]}, {finding["confidence"]}";
    }

    private static string Time(double seconds) =>
        DateTimeOffset.FromUnixTimeMilliseconds((long)(seconds * 1000)).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
