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

/// <summary>The product, observing this lab: the console, and a collector on each node.</summary>
internal sealed class Observers(LabEventWriter output, string data) : IAsyncDisposable
{
    public const string Operator = "olivia", Approver = "arthur";

    private const int DefaultPort = 5080;
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(150);

    private readonly NetworkNamespace _host = NetworkNamespace.OfThisThread();
    private readonly List<ChildProcess> _processes = [];
    private readonly Dictionary<string, ChildProcess> _collectors = [];
    private readonly Dictionary<string, Func<ChildProcess>> _starts = [];
    private readonly HashSet<ChildProcess> _killed = [];
    private readonly List<StreamWriter> _logs = [];
    private volatile bool _stopping;
    private volatile string _lastOutput = "no output.";

    /// <summary>The operator's sign-in page, with its one-time token.</summary>
    public string Url { get; private set; } = "";

    /// <summary>The same for the approver of the operator's requests.</summary>
    public string ApproverUrl { get; private set; } = "";

    /// <summary>
    /// A free port: the requested one, or one of the instance's own, starting at the default
    /// port plus the instance's number. No two labs try the same one: between this check and the console's own bind, another
    /// lab's console would take it and answer in its place.
    /// </summary>
    /// <returns>Null if no port is free.</returns>
    public static int? FindPort(int? requested, int instance = 0)
    {
        for (int port = requested ?? DefaultPort + instance, last = requested ?? DefaultPort + (10 * AddressPlan.Instances); port <= last; port += AddressPlan.Instances)
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

    /// <exception cref="InvalidOperationException">A program is missing, or exited during startup.</exception>
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
        await WaitUntilReadyAsync(console, $"{address}/healthz", stop);
        foreach (var node in nodes)
        {
            string state = Directory.CreateDirectory(Path.Combine(data, node.Name)).FullName;
            _starts[node.Name] = () => Start($"collector-{node.Name}", node.Namespace, "ConntrackConsole.Collector", "conntrack-collector",
                ["run", "--console", $"unix:{socket}", "--node", node.Name, "--state", state, "--pod-cidr", node.PodCidr],
                new Dictionary<string, string> { ["CONNTRACK_NODE_SECRET"] = NodeSecret.Of(secret, node.Name) });
            _collectors[node.Name] = _starts[node.Name]();
        }

        Url = $"{address}/signin?token={operates}";
        ApproverUrl = $"{address}/signin?token={approves}";
    }

    /// <summary>Stops or continues the collector of a node, as far as there is one: a lost node reports nothing.</summary>
    public void Silence(LabNode node, bool isSilent)
    {
        if (_collectors.TryGetValue(node.Name, out var collector))
            collector.Signal(isSilent ? ProcessCalls.SIGSTOP : ProcessCalls.SIGCONT);
    }

    /// <summary>Kills the collectors of all nodes, and starts them again after a while.</summary>
    public async Task InterruptAsync(TimeSpan time, CancellationToken stop)
    {
        output.Report("gap", $"the collectors are killed, and start again after {time.TotalSeconds:0} s", new { seconds = time.TotalSeconds });
        foreach (var collector in _collectors.Values)
        {
            lock (_killed)
                _killed.Add(collector);
            collector.Signal(ProcessCalls.SIGKILL);
        }

        await Task.WhenAll(_collectors.Values.Select(collector => collector.Exited));
        await Task.Delay(time, stop);
        foreach (var (node, start) in _starts)
            _collectors[node] = start();
        output.Report("gap-done", "the collectors are started again");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var collector in _collectors.Values)
            collector.Signal(ProcessCalls.SIGCONT); // A stopped process does not end at SIGTERM.
        _stopping = true;
        await Task.WhenAll(_processes.Select(process => process.StopAsync(TimeSpan.FromSeconds(5))));
        foreach (var process in _processes)
            process.Dispose();
        foreach (var log in _logs)
            await log.DisposeAsync();
        _host.Dispose();
    }

    private ChildProcess Start(
        string name, NetworkNamespace networkNamespace, string project, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        // Each project builds into its own folder: artifacts/bin/<project>/<configuration>/.
        string here = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        string folder = Path.GetFullPath(Path.Combine(here, "..", "..", project, Path.GetFileName(here)));
        string path = Path.Combine(folder, program);
        if (!File.Exists(path))
            throw new InvalidOperationException($"{path} does not exist: run `dotnet build`, or start with --without-console.");

        var log = new StreamWriter(new FileStream(Path.Combine(data, $"{name}.log"), FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        _logs.Add(log);
        var process = ChildProcess.StartProgram(networkNamespace, path, arguments, line =>
        {
            lock (log)
            {
                _lastOutput = line;
                if (log.BaseStream is { CanWrite: true })
                    log.WriteLine(line);
            }
        }, environment, folder);
        _processes.Add(process);
        _ = process.Exited.ContinueWith(exited =>
        {
            bool isKilled;
            lock (_killed)
                isKilled = _killed.Contains(process);
            if (!_stopping && !isKilled)
                output.Report("observer-ended", $"{name} exited unexpectedly with code {exited.Result}; see {Path.Combine(data, name)}.log", new { name, exitCode = exited.Result });
        }, TaskScheduler.Default);
        return process;
    }

    private async Task WaitUntilReadyAsync(ChildProcess console, string url, CancellationToken stop)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        for (var end = DateTime.UtcNow + StartTimeout; DateTime.UtcNow < end; await Task.Delay(100, stop))
        {
            if (console.HasExited)
                throw new InvalidOperationException($"The console exited during startup with code {await console.Exited}: {_lastOutput}");
            try
            {
                if ((await client.GetAsync(new Uri(url), stop)).IsSuccessStatusCode)
                    return;
            }
            catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !stop.IsCancellationRequested))
            {
            }
        }

        throw new InvalidOperationException($"The console did not answer on {url} within {StartTimeout.TotalSeconds} s.");
    }

    private static string Secret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
}
