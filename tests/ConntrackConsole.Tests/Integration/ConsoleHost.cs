using ConntrackConsole.Cluster;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ConntrackConsole.Tests.Integration;

/// <summary>The real console on a port of its own. The cluster is told by the test instead of an API server.</summary>
public sealed class ConsoleHost : IAsyncDisposable
{
    public const string Token = "collector-token-of-the-test";
    public const string SignInToken = "sign-in-token-of-the-test";

    private readonly DirectoryInfo _folder;
    private Timer? _heartbeat;

    private ConsoleHost(WebApplication app, DirectoryInfo folder)
    {
        App = app;
        _folder = folder;
        Url = app.Urls.First(u => !u.Contains("unix", StringComparison.Ordinal));
    }

    public WebApplication App { get; }

    public string Url { get; }

    public DirectoryInfo Folder => _folder;

    public string Socket => Path.Combine(_folder.FullName, "c.sock");

    public T Get<T>()
        where T : notnull => App.Services.GetRequiredService<T>();

    public static Task<ConsoleHost> StartAsync(DirectoryInfo? folder = null) =>
        StartWithAsync(folder, $"--Collectors:Token={Token}", $"--Identity:SignInToken={SignInToken}");

    /// <summary>With these settings beside those that keep it apart from the machine.</summary>
    public static async Task<ConsoleHost> StartWithAsync(DirectoryInfo? folder, params string[] settings)
    {
        folder ??= Directory.CreateTempSubdirectory("cc-it-");
        var app = await ConsoleApplication.BuildAsync(
        [
            "--Urls=http://127.0.0.1:0", $"--Storage:DataDirectory={folder.FullName}", "--Kubernetes:Enabled=false",
            $"--Collectors:Socket={folder.FullName}/c.sock", .. settings,
        ], builder => builder.Logging.ClearProviders());
        await ConsoleApplication.StartAsync(app);
        return new ConsoleHost(app, folder);
    }

    /// <summary>Tells the cluster's state and from then on confirms it, as the informer's heartbeat does: a slow test must not make it old.</summary>
    public void TellCluster(params ClusterChange[] changes)
    {
        var state = Get<ClusterState>();
        state.Watching();
        state.Apply(changes);
        state.Confirm(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        _heartbeat ??= new Timer(_ => state.Confirm(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()), null, 1000, 1000);
    }

    /// <summary>Ends the console and starts it again on the same data.</summary>
    public async Task<ConsoleHost> RestartAsync()
    {
        await EndAsync();
        return await StartAsync(_folder);
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
        SqliteConnection.ClearAllPools();
        _folder.Delete(true);
    }

    private async Task EndAsync()
    {
        if (_heartbeat is not null)
            await _heartbeat.DisposeAsync();
        await App.StopAsync();
        await App.DisposeAsync();
    }

    public static async Task UntilAsync(Func<bool> condition, TimeSpan? atMost = null)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(atMost ?? TimeSpan.FromSeconds(60));
        while (!condition())
            await Task.Delay(20, timeout.Token);
    }
}
