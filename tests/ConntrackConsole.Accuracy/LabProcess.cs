using System.Diagnostics;
using System.Text.Json.Nodes;
using ConntrackConsole.Lab;
using ConntrackConsole.Testing;

namespace ConntrackConsole.Accuracy;

/// <summary>The lab as a process, controlled by lines on its standard input, and read by its events and labels.</summary>
internal sealed class LabProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);

    private readonly string _directory = Directory.CreateTempSubdirectory("accuracy-").FullName;
    private readonly Process _process;
    private volatile string _lastLine = "no output";

    private LabProcess(bool withConsole, LabVariant variant)
    {
        var start = new ProcessStartInfo(Programs.Lab) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["--labels", LabelFile, "--events", EventFile, "--rollouts", "0", "--variant", variant.ToString(), .. withConsole ? (string[])[] : ["--without-console"]])
            start.ArgumentList.Add(argument);
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{Programs.Lab} did not start.");
        _process.OutputDataReceived += (_, line) => _lastLine = string.IsNullOrWhiteSpace(line.Data) ? _lastLine : line.Data;
        _process.ErrorDataReceived += (_, line) => _lastLine = string.IsNullOrWhiteSpace(line.Data) ? _lastLine : line.Data;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The event that the lab wrote when it was ready.</summary>
    public JsonNode Ready { get; private set; } = null!;

    private string LabelFile => Path.Combine(_directory, "labels");

    private string EventFile => Path.Combine(_directory, "events");

    /// <exception cref="InvalidOperationException">The lab ended.</exception>
    /// <exception cref="TimeoutException">It is not ready in time.</exception>
    public static async Task<LabProcess> StartAsync(bool withConsole, LabVariant variant, CancellationToken stop)
    {
        if (!File.Exists(Programs.Lab))
            throw new InvalidOperationException($"{Programs.Lab} does not exist: run `dotnet build` first.");
        var lab = new LabProcess(withConsole, variant);
        try
        {
            await lab.UntilReadyAsync(stop);
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    private async Task UntilReadyAsync(CancellationToken stop)
    {
        for (var watch = Stopwatch.StartNew(); Events("ready") is not [_, ..]; await Task.Delay(200, stop))
        {
            if (watch.Elapsed > StartTimeout)
                throw new TimeoutException($"The lab was not ready within {StartTimeout.TotalMinutes} minutes: {_lastLine}");
        }

        Ready = Events("ready")[0];
    }

    public void Send(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    public IReadOnlyList<JsonNode> Labels() => JsonLineFile.Read(LabelFile);

    /// <exception cref="InvalidOperationException">The lab has ended.</exception>
    public IReadOnlyList<JsonNode> Events(string name)
    {
        var found = JsonLineFile.Read(EventFile).Where(line => (string?)line["event"] == name).ToList();
        return found.Count > 0 || !_process.HasExited ? found : throw new InvalidOperationException($"The lab has ended: {_lastLine}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            Send("quit");
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
            await _process.WaitForExitAsync(limit.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            if (!_process.HasExited)
                _process.Kill();
        }

        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
