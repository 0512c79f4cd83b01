using System.Text.Json.Nodes;
using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>One lab in which all faults run at the same time that do not change what another needs.</summary>
public sealed class FaultLab : IAsyncLifetime
{
    internal static readonly string[] Scenarios =
    [
        "flushed-stream", "flushed-requests", "grace-too-short", "refused-while-listed", "address-reused", "wrong-backend", "syn-reuse", "no-endpoints",
        "stale-udp", "untranslated-udp", "idle-expiry", "idle-expiry-stream",
    ];

    internal RunningLab Lab { get; private set; } = null!;

    internal NodeRecord Near { get; private set; } = null!;

    internal NodeRecord Far { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Lab = await RunningLab.StartAsync("--without-console", "--rollouts", "0", "--connections", "1");
        Near = await NodeRecord.StartAsync(Lab, 1);
        Far = await NodeRecord.StartAsync(Lab, 3);
        foreach (string scenario in Scenarios)
            Lab.Send($"scenario {scenario}");
    }

    public async ValueTask DisposeAsync()
    {
        Near.Dispose();
        Far.Dispose();
        await Lab.DisposeAsync();
    }

    /// <summary>Waits for the labels of a scenario.</summary>
    internal async Task<IReadOnlyList<Labelled>> LabelsAsync(string scenario, string kind, int count)
    {
        List<Labelled> found = [];
        await Eventually.TrueAsync(
            () =>
            {
                found = [.. Lab.Labels.Where(label => (string?)label["scenario"] == scenario && (string?)label["kind"] == kind).Select(label => new Labelled(label))];
                return found.Count >= count;
            }, RunningLab.StepTimeout, () => $"{found.Count}. {Lab.Output}", $"{count} labels {kind} of {scenario}");
        return found;
    }
}

/// <summary>A label, by its parts.</summary>
internal sealed record Labelled(JsonNode Label)
{
    public string Mechanism => (string?)Label["mechanism"] ?? "";

    public string Code => (string?)Label["code"] ?? "";

    public double At => (double)Label["t"]!;

    public string Client => (string)Label["orig"]!["src"]!;

    public int Port => (int)Label["orig"]!["sport"]!;

    public string Vip => (string)Label["orig"]!["dst"]!;

    public string Backend => (string)Label["reply"]!["src"]!;
}
