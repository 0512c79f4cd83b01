using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using ConntrackConsole.Kernel.Namespaces;
using ConntrackConsole.Lab.Instances;
using ConntrackConsole.Lab.Network;
using ConntrackConsole.Lab.Processes;
using ConntrackConsole.Lab.Incidents;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Lab;

/// <summary>The product, watching this lab: the console beside it, and a collector in each node.</summary>
internal sealed class Observers(LabEventWriter chronicle, string data) : IAsyncDisposable
{
    public const string Operator = "olivia", Approver = "arthur";

    private const int UsualPort = 5080;
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(60);

    private readonly NetworkNamespace _host = NetworkNamespace.OfThisThread();
    private readonly List<ChildProcess> _processes = [];
    private readonly List<StreamWriter> _logs = [];
    private volatile bool _stopping;
    private volatile string _lastWords = "it said nothing.";

    /// <summary>The page to open as the operator, with its one-time token.</summary>
    public string Url { get; private set; } = "";

    /// <summary>The same for the second person, who approves what the operator asks for.</summary>
    public string ApproverUrl { get; private set; } = "";

    /// <summary>
    /// A port that can be listened on now: the one asked for, or one of the instance's own, the first of which is the usual
    /// port and the instance's number. No two labs try the same one: between this look and the console's own bind, another
    /// lab's console would take it and answer in this one's place.
    /// </summary>
    /// <returns>Null where there is none.</returns>
    public static int? FindPort(int? asked, int instance = 0)
    {
        for (int port = asked ?? UsualPort + instance, last = asked ?? UsualPort + (10 * AddressPlan.Instances); port <= last; port += AddressPlan.Instances)
        {
            try
            {
                using var probe = new TcpListener(IPAddress.Loopback, port);
                probe.Start();
                return port;
            }
            catch (SocketException)
            {
            }
        }

        return null;
    }

    /// <exception cref="InvalidOperationException">A program is missing, or ended at its start.</exception>
    public async Task StartAsync(string kubeconfig, int port, IReadOnlyList<LabNode> nodes, CancellationToken stop)
    {
        string secret = Secret(), operates = Secret(), approves = Secret();
        string socket = Path.Combine(data, "collectors.sock");
        string address = $"http://127.0.0.1:{port}";
        var console = Start("console", _host, "ConntrackConsole", "conntrack-console", [], new Dictionary<string, string>
        {
            ["ASPNETCORE_URLS"] = address,
            ["Collectors__Token"] = secret,
            ["Collectors__Socket"] = socket,
            ["Storage__ConnectionString"] = $"Data Source={Path.Combine(data, "console.db")}",
            ["Storage__DataDirectory"] = data,
            ["Kubernetes__Kubeconfig"] = kubeconfig,
            ["Identity__Links__0__Name"] = Operator,
            ["Identity__Links__0__Role"] = "operator",
            ["Identity__Links__0__Token"] = operates,
            ["Identity__Links__1__Name"] = Approver,
            ["Identity__Links__1__Role"] = "approver",
            ["Identity__Links__1__Token"] = approves,
        });
        await AnswersAsync(console, $"{address}/healthz", stop);
        foreach (var node in nodes)
        {
            string state = Directory.CreateDirectory(Path.Combine(data, node.Name)).FullName;
            Start($"collector-{node.Name}", node.Place, "ConntrackConsole.Collector", "conntrack-collector",
                ["run", "--console", $"unix:{socket}", "--node", node.Name, "--state", state, "--pod-cidr", node.PodCidr],
                new Dictionary<string, string> { ["CONNTRACK_NODE_SECRET"] = NodeSecret.Of(secret, node.Name) });
        }

        Url = $"{address}/signin?token={operates}";
        ApproverUrl = $"{address}/signin?token={approves}";
    }

    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        await Task.WhenAll(_processes.Select(process => process.StopAsync(TimeSpan.FromSeconds(5))));
        foreach (var process in _processes)
            process.Dispose();
        foreach (var log in _logs)
            await log.DisposeAsync();
        _host.Dispose();
    }

    private ChildProcess Start(
        string name, NetworkNamespace place, string project, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        // Each project builds into a folder of its own: artifacts/bin/<project>/<configuration>/.
        string here = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        string folder = Path.GetFullPath(Path.Combine(here, "..", "..", project, Path.GetFileName(here)));
        string path = Path.Combine(folder, program);
        if (!File.Exists(path))
            throw new InvalidOperationException($"{path} is not there: run `dotnet build`, or start with --without-console.");

        var log = new StreamWriter(Path.Combine(data, $"{name}.log")) { AutoFlush = true };
        _logs.Add(log);
        var process = ChildProcess.StartProgram(place, path, arguments, line =>
        {
            lock (log)
            {
                _lastWords = line;
                if (log.BaseStream is { CanWrite: true })
                    log.WriteLine(line);
            }
        }, environment, folder);
        _processes.Add(process);
        _ = process.Exited.ContinueWith(exited =>
        {
            if (!_stopping)
                chronicle.Tell("observer-ended", $"{name} ended by itself with exit code {exited.Result}; its last words are in {Path.Combine(data, name)}.log", new { name, exitCode = exited.Result });
        }, TaskScheduler.Default);
        return process;
    }

    private async Task AnswersAsync(ChildProcess console, string url, CancellationToken stop)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        for (var end = DateTime.UtcNow + StartTime; DateTime.UtcNow < end; await Task.Delay(100, stop))
        {
            if (console.HasExited)
                throw new InvalidOperationException($"The console ended at its start with exit code {await console.Exited}: {_lastWords}");
            try
            {
                if ((await client.GetAsync(new Uri(url), stop)).IsSuccessStatusCode)
                    return;
            }
            catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !stop.IsCancellationRequested))
            {
            }
        }

        throw new InvalidOperationException($"The console did not answer on {url} within {StartTime.TotalSeconds} s.");
    }

    private static string Secret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
}
