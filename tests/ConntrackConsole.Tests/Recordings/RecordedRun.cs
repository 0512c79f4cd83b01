using ConntrackConsole.Cluster.State;
using ConntrackConsole.Configuration;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Kubernetes.Informer;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackConsole.Tests.Recordings;

/// <summary>
/// Plays a recording over HTTP into the real informer, line by line; the clock is at each line's recorded time when it is applied.
/// <code>
/// await using var run = await RecordedRun.StartAsync("rollout-graceful"); // lists are applied, State.IsReady
/// await run.PlayToAsync(3.2);                                             // every line up to second 3.2 is applied
/// Assert.Equal(run.At(3.152), run.State.Terminations[0].EndpointTerminatingMs);
/// await run.PlayAsync();                                                  // to the end
/// </code>
/// </summary>
internal sealed class RecordedRun : IAsyncDisposable
{
    // The informer waits on the recorded clock, which does not advance between two lines: below a millisecond it does not wait.
    private static readonly WatchOptions Quick = new() { MinBackoff = TimeSpan.FromTicks(1), MaxBackoff = TimeSpan.FromTicks(1) };

    private readonly string _kubeconfig;
    private readonly ClusterInformer _informer;

    private RecordedRun(RecordedFiles files, RecordedApiServer server)
    {
        Files = files;
        Server = server;
        Clock = new FakeTimeProvider(files.Start);
        State = new ClusterState(Clock);
        _kubeconfig = server.WriteKubeconfig();
        _informer = new ClusterInformer(
            ClusterAccess.Find(new KubernetesOptions { Kubeconfig = _kubeconfig }), State, Clock, NullLogger<ClusterInformer>.Instance, Quick);
    }

    public RecordedFiles Files { get; }

    public RecordedApiServer Server { get; }

    public FakeTimeProvider Clock { get; }

    public ClusterState State { get; }

    /// <summary>Number of lines played.</summary>
    public int Played { get; private set; }

    public long NowMs => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Unix milliseconds of a recorded second.</summary>
    public long At(double seconds) => Files.At(seconds);

    /// <param name="prepare">Sets cuts, pages or refusals before the informer starts.</param>
    public static Task<RecordedRun> StartAsync(string name, Action<RecordedApiServer>? prepare = null) => StartAsync(new RecordedFiles(name), prepare);

    /// <inheritdoc cref="StartAsync(string, Action{RecordedApiServer}?)"/>
    public static async Task<RecordedRun> StartAsync(RecordedFiles files, Action<RecordedApiServer>? prepare = null)
    {
        var server = await RecordedApiServer.StartAsync(files);
        prepare?.Invoke(server);
        var run = new RecordedRun(files, server);
        await run._informer.StartAsync(CancellationToken.None);
        await run.UntilAsync(() => run.State.IsReady && run.State.Kinds.All(k => k.Listed || k.Problem is not null), "the first lists");
        return run;
    }

    public Task PlayAsync() => PlayToAsync(double.MaxValue);

    /// <summary>Applies the lines up to a second, each at its own time.</summary>
    public async Task PlayToAsync(double seconds)
    {
        while (Played < Files.Lines.Count && Files.Lines[Played].T <= seconds)
            await StepAsync();
        SetClock(Math.Min(seconds, Files.Seconds));
    }

    /// <summary>Applies one line.</summary>
    public async Task StepAsync()
    {
        var line = Files.Lines[Played];
        SetClock(line.T);
        Server.Released = ++Played;
        await UntilAsync(() => VersionOf(line.Kind) >= line.Version, $"line {Played - 1} ({line.Kind}, version {line.Version})");
    }

    /// <summary>Sends all remaining lines at once, and waits until they are applied. The clock does not advance.</summary>
    public Task RushAsync() => RushToAsync(Files.Lines.Count);

    /// <summary>Sends the lines up to a number of them at once, and waits until they are applied. The clock does not advance.</summary>
    public async Task RushToAsync(int lines)
    {
        var last = Files.Lines.Take(lines).Skip(Played).GroupBy(l => l.Kind).Select(g => g.Last()).ToList();
        Server.Released = Played = lines;
        await UntilAsync(() => last.All(l => VersionOf(l.Kind) >= l.Version), $"everything before line {lines}");
    }

    public async ValueTask DisposeAsync()
    {
        await _informer.StopAsync(CancellationToken.None);
        _informer.Dispose();
        Server.Dispose();
        File.Delete(_kubeconfig);
    }

    private long VersionOf(string kind) => long.TryParse(State.Kinds.Single(k => k.Kind == kind).Version, out long version) ? version : 0;

    private void SetClock(double seconds)
    {
        var at = Files.Start + TimeSpan.FromSeconds(seconds);
        if (at > Clock.GetUtcNow())
            Clock.SetUtcNow(at);
    }

    public Task UntilAsync(Func<bool> condition, string what) =>
        Eventually.TrueAsync(condition, state: () => State.Problem ?? "no problem", expression: $"{Files.Name}: {what} is applied");
}
