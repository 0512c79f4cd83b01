using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ConntrackConsole.Bench.Load;

/// <summary>A published console with a data directory of its own, to be loaded, killed and started again.</summary>
internal sealed class ConsoleProcess : IDisposable
{
    public const string Token = "load-generator-token-0123456789";
    public const string SignInToken = "load-generator-sign-in";

    private readonly string _program;
    private readonly string _folder;
    private readonly string _kubeconfig;
    private readonly HttpClient _client;
    private readonly bool _reportsMemory;
    private readonly long _frameMiB;
    private Process _process;

    /// <param name="program">The program, or the folder it was published to.</param>
    /// <param name="frameMiB">Its limit of stored frames.</param>
    /// <param name="reportsMemory">Whether it runs <see cref="StartupHook"/> of this assembly.</param>
    public ConsoleProcess(string program, string folder, SyntheticCluster cluster, long frameMiB, bool reportsMemory)
    {
        _program = Path.GetFullPath(Directory.Exists(program) ? Path.Combine(program, "conntrack-console") : program);
        (_folder, _frameMiB, _reportsMemory) = (folder, frameMiB, reportsMemory);
        _kubeconfig = cluster.WriteKubeconfig();
        Url = new Uri($"http://127.0.0.1:{FreePort()}");
        _client = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(2) };
        _process = Start();
        // A generator that is ended by a signal leaves no console behind.
        AppDomain.CurrentDomain.ProcessExit += Kill;
    }

    public Uri Url { get; }

    public string Socket => Path.Combine(_folder, "c.sock");

    public string Database => Path.Combine(_folder, "console.db");

    public long DatabaseBytes => new FileInfo(Database).Length;

    public string Log => Path.Combine(_folder, "console.log");

    public ProcessUsage Usage => ProcessUsage.Read(_process.Id, _reportsMemory ? MemoryFile : null);

    public bool HasEnded => _process.HasExited;

    /// <summary>Waits until it answers on the path.</summary>
    /// <returns>Seconds; NaN if it does not in time.</returns>
    public async Task<double> WaitAsync(string path, TimeSpan longest)
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < longest)
        {
            if (HasEnded)
                throw new InvalidOperationException($"The console has ended: {File.ReadAllText(Log)}");
            try
            {
                using var answer = await _client.GetAsync(new Uri(path, UriKind.Relative));
                if (answer.IsSuccessStatusCode)
                    return watch.Elapsed.TotalSeconds;
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
            {
                // It does not listen yet, or is too busy to answer.
            }

            await Task.Delay(50);
        }

        return double.NaN;
    }

    /// <summary>kill -9, and a new process on the same data.</summary>
    public async Task RestartAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = Start();
    }

    /// <summary>SIGTERM: it stores what it has received, and ends.</summary>
    public async Task StopAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync();
        using var longest = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _process.WaitForExitAsync(longest.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= Kill;
        Kill(null, EventArgs.Empty);
        _process.Dispose();
        _client.Dispose();
        File.Delete(_kubeconfig);
    }

    private void Kill(object? sender, EventArgs e)
    {
        if (_process.HasExited)
            return;
        _process.Kill();
        _process.WaitForExit();
    }

    private string MemoryFile => Path.Combine(_folder, "memory.txt");

    private Process Start()
    {
        File.Delete(MemoryFile);
        // The shell replaces itself: the pid is the console's, and its log needs no reader.
        var start = new ProcessStartInfo("/bin/sh")
        {
            ArgumentList =
            {
                "-c", "exec \"$@\" >>\"$LOG\" 2>&1", "sh", _program, $"--Urls={Url}", $"--Storage:DataDirectory={_folder}", $"--Storage:FrameMiB={_frameMiB}",
                $"--Kubernetes:Kubeconfig={_kubeconfig}", $"--Collectors:Token={Token}", $"--Collectors:Socket={Socket}", $"--Identity:SignInToken={SignInToken}",
            },
            WorkingDirectory = Path.GetDirectoryName(Path.GetFullPath(_program))!,
            Environment = { ["LOG"] = Log },
        };
        // The generator's own settings are not the console's.
        foreach (string key in start.Environment.Keys.Where(key => key.StartsWith("DOTNET_gc", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(key);
        if (_reportsMemory)
        {
            start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(StartupHook).Assembly.Location;
            start.Environment[StartupHook.File] = MemoryFile;
        }

        return Process.Start(start)!;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
