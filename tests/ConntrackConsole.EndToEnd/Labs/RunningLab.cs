using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using ConntrackConsole.Kernel.Namespaces;
using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>A separate lab for a test: the real program, controlled by lines on stdin, observed by its events and labels.</summary>
internal sealed class RunningLab : IAsyncDisposable
{
    /// <summary>Timeout for what the lab is certain to do; on a busy machine that takes long.</summary>
    public static readonly TimeSpan StepTimeout = TimeSpan.FromSeconds(120);

    private readonly string _directory = Directory.CreateTempSubdirectory("lab-test-").FullName;
    private readonly Process _process;
    private readonly LineReader<JsonNode> _labels;
    private readonly LineReader<JsonNode> _events;

    private RunningLab(IReadOnlyDictionary<string, string> environment, string[] arguments)
    {
        string labels = Path.Combine(_directory, "labels"), events = Path.Combine(_directory, "events");
        (_labels, _events) = (JsonLineFile.Reader(labels), JsonLineFile.Reader(events));
        var start = Programs.ShortLived(new ProcessStartInfo(Programs.Lab)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });
        foreach (string argument in (string[])["--labels", labels, "--events", events, .. arguments.Contains("--probes") ? arguments : ["--probes=false", .. arguments]])
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => AppendOutput(line.Data);
        _process.ErrorDataReceived += (_, line) => AppendOutput(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Output { get; private set; } = "";

    public int Pid => _process.Id;

    public JsonNode Ready { get; private set; } = null!;

    public string Prefix => (string)Ready["prefix"]!;

    public IReadOnlyList<JsonNode> Labels => _labels.Read();

    public static Task<RunningLab> StartAsync(params string[] arguments) => StartAsync(new Dictionary<string, string>(), arguments);

    /// <summary>The lab's console inherits the lab's environment: variables can be its configuration.</summary>
    public static async Task<RunningLab> StartAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var lab = new RunningLab(environment, arguments);
        lab.Ready = (await lab.EventsAsync("ready", 1))[0];
        return lab;
    }

    public string NodeNamespace(int node) => $"{Prefix}node{node}";

    public void Send(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    public IReadOnlyList<JsonNode> Events(string name) => [.. _events.Read().Where(line => (string?)line["event"] == name)];

    /// <summary>Waits until there are <paramref name="count"/> events of a name.</summary>
    public async Task<IReadOnlyList<JsonNode>> EventsAsync(string name, int count)
    {
        IReadOnlyList<JsonNode> found = [];
        await Eventually.TrueAsync(
            () =>
            {
                found = Events(name);
                Assert.False(found.Count < count && _process.HasExited, $"The lab ended before '{name}': {Output}");
                return found.Count >= count;
            }, StepTimeout, () => $"{found.Count}. {Output}", $"{count} '{name}'");
        return found;
    }

    /// <summary>Waits for an event of a name for which <paramref name="wanted"/> is true.</summary>
    public async Task<JsonNode> EventAsync(string name, Func<JsonNode, bool> wanted, [CallerArgumentExpression(nameof(wanted))] string expression = "")
    {
        JsonNode? found = null;
        await Eventually.TrueAsync(
            () =>
            {
                found = Events(name).FirstOrDefault(wanted);
                Assert.False(found is null && _process.HasExited, $"The lab ended before such a '{name}': {Output}");
                return found is not null;
            }, StepTimeout, () => Output, $"a '{name}' with {expression}");
        return found!;
    }

    /// <summary>Waits until there are <paramref name="count"/> labels.</summary>
    public async Task<IReadOnlyList<JsonNode>> LabelsAsync(int count)
    {
        await Eventually.TrueAsync(() => Labels.Count >= count, StepTimeout, () => $"{Labels.Count} labels", $"{count} labels");
        return Labels;
    }

    /// <summary>Waits until every connection to a vanished pod hangs, and returns their events.</summary>
    public async Task<IReadOnlyList<JsonNode>> HungAsync(string ip)
    {
        List<JsonNode> hung = [];
        await Eventually.TrueAsync(
            () =>
            {
                var last = _events.Read().Where(line => ((string)line["event"]!).StartsWith("client-", StringComparison.Ordinal))
                    .GroupBy(line => (string)line["local"]!).Select(lines => lines.Last())
                    .Where(line => ((string?)line["backend"])?.StartsWith(ip + ":", StringComparison.Ordinal) == true).ToList();
                hung = last.FindAll(line => (string?)line["event"] == "client-hung");
                return hung.Count > 0 && last.All(line => (string?)line["event"] != "client-connected");
            }, StepTimeout, () => Output, $"every connection to {ip} hangs");
        return hung;
    }

    /// <summary>Waits until both clients have all their connections.</summary>
    public Task ConnectedAsync(int connections) => EventsAsync("client-connected", connections);

    public async Task<int> QuitAsync()
    {
        Send("quit");
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(StepTimeout);
        return _process.ExitCode;
    }

    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Runs conntrack in a node's namespace.</summary>
    public async Task<string> ConntrackAsync(int node, params string[] arguments)
    {
        using var inside = NetworkNamespace.Open($"{Prefix}node{node}");
        return (await ReadAsync(inside.Run(() => Start("conntrack", arguments)))).Output;
    }

    /// <summary>Runs a program until it exits and returns its output.</summary>
    public static Task<(int Code, string Output)> RunAsync(string program, params string[] arguments) => ReadAsync(Start(program, arguments));

    private static Process Start(string program, string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    private static async Task<(int Code, string Output)> ReadAsync(Process started)
    {
        using var process = started;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + error);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            Send("quit");
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            await _process.WaitForExitAsync(patience.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            if (!_process.HasExited)
                _process.Kill();
        }

        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private void AppendOutput(string? line)
    {
        if (line is not null)
            Output += line + "\n";
    }
}
