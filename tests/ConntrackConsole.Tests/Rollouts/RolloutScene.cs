using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Configuration;
using ConntrackConsole.Findings.Stored;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Rollouts;
using ConntrackConsole.Tests.Findings;
using ConntrackConsole.Timeline.Query;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xunit;

namespace ConntrackConsole.Tests.Rollouts;

/// <summary>A rollout that replaces pod a of the scene, and the components that report it from stored frames.</summary>
internal sealed class RolloutScene : IDisposable
{
    public const string Id = "uid-web/2";

    private readonly List<Rollout> _others = [];
    private StoredFindings? _findings;
    private readonly RolloutsOptions _options;
    private Rollout _rollout;

    private RolloutScene(FindingScene scene, RolloutsOptions options)
    {
        Scene = scene;
        _options = options;
        _rollout = Rollout(Id, "2", scene.NowMs);
        Follow();
    }

    public FindingScene Scene { get; }
    public RolloutArchive Archive { get; private set; } = null!;
    public RolloutReportStore Store { get; private set; } = null!;
    public RolloutReporter Reporter { get; private set; } = null!;
    public RolloutRecorder Recorder { get; private set; } = null!;

    public static Task<RolloutScene> StartAsync(params string[] nodes) => StartAsync(new RolloutsOptions(), nodes);

    public static async Task<RolloutScene> StartAsync(RolloutsOptions options, params string[] nodes)
    {
        var scene = await FindingScene.StartAsync(nodes.Length == 0 ? ["node1", "node2"] : nodes);
        scene.Entries("node1", FindingScene.Group(), FlowState.Established, 3);
        // A key frame comes once a minute; the collector's start is before the window of the rollout.
        scene.Run(50);
        return new RolloutScene(scene, options);
    }

    public static Rollout Rollout(string id, string revision, long startedMs) =>
        new(id, WorkloadKind.Deployment, "uid-web", "shop", "web", revision, "1", startedMs, null, null, null);

    public void Terminate() => FindingTests.Terminate(Scene);

    /// <summary>The pod ends, and with it the rollout.</summary>
    public void End(int exitCode)
    {
        FindingTests.End(Scene, exitCode);
        Scene.Entries("node1", FindingScene.Group(), FlowState.Established, 0);
        _rollout = _rollout with { FinishedMs = Scene.NowMs };
    }

    public void Add(Rollout rollout)
    {
        _others.Add(rollout);
        Follow();
    }

    /// <summary>The report as of now.</summary>
    public async Task<RolloutReport> ReportAsync()
    {
        Follow();
        return (await Reporter.ReadAsync(Id, TestContext.Current.CancellationToken))!;
    }

    public void Dispose()
    {
        Recorder.Dispose();
        _findings?.Dispose();
        Scene.Dispose();
    }

    // The components with what the cluster's watches know of the rollout by now.
    private void Follow()
    {
        var console = Scene.Console;
        var terminations = new TerminationLog(new RolloutLog());
        terminations.Rollouts.Restore([_rollout, .. _others]);
        foreach (var termination in console.Cluster.Terminations)
            terminations.Restore(termination with { RolloutId = Id, GraceSeconds = 30 });
        var syncs = new RuleSyncReader(console.Database, console.Store, console.Clock);
        _findings?.Dispose();
        _findings = new StoredFindings(
            console.Database, console.Frames, console.Owners, new TerminationArchive(console.Database, terminations), new StoredFacts(console.Database, console.Cluster, syncs), console.Store,
            console.Cluster, console.Clock);
        Archive = new RolloutArchive(console.Database, terminations);
        Store = new RolloutReportStore(console.Database);
        Reporter = new RolloutReporter(Archive, Store, _findings, syncs, console.Store, console.Cluster, Options.Create(_options), console.Clock);
        Recorder?.Dispose();
        Recorder = new RolloutRecorder(Archive, Reporter, Store, console.Clock, NullLogger<RolloutRecorder>.Instance);
    }
}
