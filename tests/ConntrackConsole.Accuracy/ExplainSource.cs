using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConntrackConsole.Kernel.Namespaces;
using ConntrackConsole.Testing;

namespace ConntrackConsole.Accuracy;

/// <summary>
/// `conntrack-collector explain` for each pod of the scenario's Service, on the node of each client, from the client's start to the
/// scenario's end. It does not know the cluster, and gives its answer at the end.
/// </summary>
internal sealed class ExplainSource(LabProcess lab) : IFindingSource
{
    private const int Seconds = 20;

    private readonly HashSet<(string Ip, string Node)> _asked = [];
    private readonly List<(string Ip, string Service, double Began, Process Process)> _running = [];
    private double _began;

    public bool AnswersLive => false;

    public void Begin()
    {
        _asked.Clear();
        _began = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
    }

    public Task<FindingsSnapshot> ReadAsync(CancellationToken stop)
    {
        if (lab.Events("scenario") is [.., var scenario])
            Observe(scenario);
        return Task.FromResult(FindingsSnapshot.Empty);
    }

    public async Task<FindingsSnapshot> EndAsync(CancellationToken stop)
    {
        var findings = new List<NamedFinding>();
        var insufficient = new List<(string?, string)>();
        foreach (var (ip, service, began, process) in _running)
        {
            using var ended = process;
            string output = await process.StandardOutput.ReadToEndAsync(stop);
            await process.WaitForExitAsync(stop);
            if (process.ExitCode != 0)
                throw new InvalidOperationException($"explain of {ip} ended with exit code {process.ExitCode}: {await process.StandardError.ReadToEndAsync(stop)}");
            using var report = JsonDocument.Parse(output);
            findings.AddRange(report.RootElement.GetProperty("verdicts").EnumerateArray().Select(verdict => new NamedFinding(
                $"{ip} {verdict.GetProperty("code").GetString()}", verdict.GetProperty("code").GetString()!, verdict.GetProperty("mechanism").GetString()!,
                service, ip, began, verdict.GetProperty("share").GetString()!)));
            insufficient.AddRange(report.RootElement.GetProperty("missing").EnumerateArray().Select(missing => ((string?)service, missing.GetString()!)));
        }

        _running.Clear();
        return new FindingsSnapshot(findings, insufficient);
    }

    // One node without the cluster names M3 without its kind, and cannot distinguish M5 from it (docs/diagnosis.md).
    public bool IsRight(NamedFinding finding, string code, string mechanism) =>
        finding.Code == code || finding.Mechanism == mechanism || (finding.Mechanism == "M3" && mechanism == "M5");

    public void Dispose()
    {
        foreach (var (_, _, _, process) in _running)
            process.Dispose();
    }

    private void Observe(JsonNode scenario)
    {
        string name = (string)scenario["scenario"]!, service = (string)scenario["service"]!, app = service.Split('/')[1];
        bool isShared = app != name;
        var started = lab.Events("started").Where(line => isShared || (double)line["t"]! >= _began - 1).ToList();
        string client = isShared ? "storefront-" : $"{app}-client-";
        var clientNodes = started.Where(line => Pod(line).StartsWith(client, StringComparison.Ordinal)).Select(line => (string)line["node"]!).Distinct();
        var gone = lab.Events("deleted").Select(Pod).ToHashSet();
        var servers = started.Where(line => Pod(line).StartsWith(app + "-", StringComparison.Ordinal) && !Pod(line).StartsWith($"{app}-client-", StringComparison.Ordinal)
            && !gone.Contains(Pod(line)));
        foreach (string node in clientNodes.ToList())
        {
            foreach (string ip in servers.Select(line => (string)line["ip"]!).Distinct().Where(ip => _asked.Add((ip, node))).ToList())
                _running.Add((ip, service, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0, Start(node, ip)));
        }
    }

    private Process Start(string node, string ip)
    {
        var start = new ProcessStartInfo(Programs.Collector, ["explain", "--pod-ip", ip, "--seconds", $"{Seconds}", "--json"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var inside = NetworkNamespace.Open((string)lab.Ready["prefix"]! + node);
        return inside.Run(() => Process.Start(start)!);
    }

    private static string Pod(JsonNode line) => (string)line["pod"]!;
}
