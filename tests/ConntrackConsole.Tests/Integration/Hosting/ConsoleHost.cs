using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ConntrackConsole.Tests.Integration.Hosting;

/// <summary>The real console on its own port. The test provides the cluster's state instead of an API server.</summary>
internal sealed class ConsoleHost : IAsyncDisposable
{
    public const string Token = "collector-token-of-the-test";
    public const string SignInToken = "sign-in-token-of-the-test";

    private readonly DirectoryInfo _folder;
    private readonly RunningClock? _clock;
    private readonly string[] _settings;
    private Timer? _heartbeat;

    private ConsoleHost(WebApplication app, DirectoryInfo folder, RunningClock? clock, string[] settings)
    {
        App = app;
        _folder = folder;
        _clock = clock;
        _settings = settings;
        Url = app.Urls.First(u => !u.Contains("unix", StringComparison.Ordinal));
    }

    public WebApplication App { get; }

    public string Url { get; }

    public DirectoryInfo Folder => _folder;

    public required MemoryLog Log { get; init; }

    public string Socket => Path.Combine(_folder.FullName, "c.sock");

    public T Get<T>()
        where T : notnull => App.Services.GetRequiredService<T>();

    /// <summary>Now, by the console's clock.</summary>
    public long NowMs => Get<TimeProvider>().GetUtcNow().ToUnixTimeMilliseconds();

    /// <param name="clock">The console's clock; null = the system clock.</param>
    /// <param name="settings">Additional configuration: Key=value, with or without the dashes of the command line.</param>
    public static Task<ConsoleHost> StartAsync(DirectoryInfo? folder = null, RunningClock? clock = null, params string[] settings) =>
        StartWithAsync(folder, clock, [$"--Collectors:Token={Token}", $"--Identity:SignInToken={SignInToken}", .. settings]);

    /// <summary>With these settings in addition to those that isolate it from the machine.</summary>
    public static Task<ConsoleHost> StartWithAsync(DirectoryInfo? folder, params string[] settings) => StartWithAsync(folder, null, settings);

    private static async Task<ConsoleHost> StartWithAsync(DirectoryInfo? folder, RunningClock? clock, string[] settings)
    {
        folder ??= Directory.CreateTempSubdirectory("cc-it-");
        var log = new MemoryLog();
        string[] all =
        [
            "Urls=http://127.0.0.1:0", $"Storage:DataDirectory={folder.FullName}", "Kubernetes:Enabled=false", $"Collectors:Socket={folder.FullName}/c.sock",
            .. settings,
        ];
        var values = all.Select(s => s.TrimStart('-').Split('=', 2)).GroupBy(s => s[0]).ToDictionary(s => s.Key, s => (string?)s.Last()[1]);
        var app = await ConsoleApplication.BuildAsync(values, builder =>
        {
            builder.Logging.ClearProviders();
            builder.Logging.AddProvider(log);
            if (clock is not null)
                builder.Services.AddSingleton(clock.Time);
        });
        await app.StartListeningAsync();
        return new ConsoleHost(app, folder, clock, settings) { Log = log };
    }

    /// <summary>Sets the cluster's state and from then on confirms it, as the informer's heartbeat does: a slow test must not make it old.</summary>
    public void SetCluster(params ClusterChange[] changes)
    {
        var state = Get<ClusterState>();
        state.Watching();
        state.Apply(changes);
        state.Confirm(NowMs);
        _heartbeat ??= new Timer(_ => state.Confirm(NowMs), null, 1000, 1000);
    }

    /// <summary>Advances the clock at once; afterwards the cluster is confirmed again.</summary>
    public void Pass(TimeSpan time)
    {
        _clock!.Pass(time);
        Get<ClusterState>().Confirm(NowMs);
    }

    /// <summary>The API server becomes silent: the last confirmation is that long ago. <see cref="SetCluster"/> ends it.</summary>
    public async Task SilenceClusterAsync(TimeSpan ago)
    {
        if (_heartbeat is not null)
            await _heartbeat.DisposeAsync();
        _heartbeat = null;
        Get<ClusterState>().Confirm(DateTimeOffset.UtcNow.Subtract(ago).ToUnixTimeMilliseconds());
    }

    /// <summary>Stops the console and starts it again on the same data.</summary>
    /// <param name="meanwhile">What happens to the data while no console runs.</param>
    public async Task<ConsoleHost> RestartAsync(Func<Task>? meanwhile = null)
    {
        await EndAsync();
        if (meanwhile is not null)
            await meanwhile();
        return await StartWithAsync(_folder, _clock, _settings);
    }

    /// <summary>The same with other settings.</summary>
    public async Task<ConsoleHost> RestartWithAsync(params string[] settings)
    {
        await EndAsync();
        return await StartWithAsync(_folder, settings);
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        // A query that a page had begun may still create a file while the folder is deleted.
        await Eventually.TrueAsync(() =>
        {
            SqliteConnection.ClearAllPools();
            _folder.Delete(true);
            return true;
        });
    }

    private async Task EndAsync()
    {
        if (_heartbeat is not null)
            await _heartbeat.DisposeAsync();
        await App.StopAsync();
        await App.DisposeAsync();
    }
}
