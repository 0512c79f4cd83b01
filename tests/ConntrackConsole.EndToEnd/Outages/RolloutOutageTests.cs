using System.Diagnostics;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Recordings;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace ConntrackConsole.EndToEnd.Outages;

/// <summary>kill -9 of the console during a recorded rollout, and the database contents afterwards.</summary>
public sealed class RolloutOutageTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cc-roll-");
    private readonly RecordedFiles _files = new("rollout-graceful");
    private RecordedApiServer _server = null!;
    private string _kubeconfig = "";
    private Process? _console;

    public async ValueTask InitializeAsync()
    {
        _server = await RecordedApiServer.StartAsync(_files);
        _kubeconfig = _server.WriteKubeconfig();
    }

    public async ValueTask DisposeAsync()
    {
        if (_console is not null)
            await OutageProcesses.KillAsync(_console);
        _server.Dispose();
        File.Delete(_kubeconfig);
        SqliteConnection.ClearAllPools();
        _folder.Delete(true);
    }

    [Fact]
    public async Task Console_KilledDuringARollout_HasTheSameTerminationsAndRollout()
    {
        var whole = new Recording("rollout-graceful");
        whole.PlayTo(40);
        _console = await OutageProcesses.ConsoleAsync(_folder, _kubeconfig);
        // Watch before the first line: otherwise the lines would arrive in a list.
        await Eventually.TrueAsync(() => _server.Watches >= _files.Lists.Count);

        // Two of three are terminating, none is deleted, and the rollout is open.
        Release(5.0);
        await Eventually.TrueAsync(() => Endings().Count == 2 && Endings().All(t => t.EndpointTerminatingMs is not null && t.RolloutId is not null) && Rollouts() is [{ FinishedMs: null, SurgedMs: not null }]);
        var before = Endings();
        var started = Rollouts()[0];
        await OutageProcesses.KillAsync(_console);
        _console = null;

        // Meanwhile the rollout finishes, the deletion of the third is requested and the first is deleted.
        Release(9.5);
        _console = await OutageProcesses.ConsoleAsync(_folder, _kubeconfig);
        await Eventually.TrueAsync(() => Endings().Count == 3 && Rollouts() is [{ FinishedMs: not null }]);
        Release(double.MaxValue);
        await Eventually.TrueAsync(() => Endings().All(t => t.DeletedMs is not null && t.EndpointRemovedMs is not null));

        var endings = Endings();
        Assert.Equal(
            whole.State.Terminations.Select(t => (t.Uid, t.AskedMs, t.GraceSeconds, (byte)t.Cause, t.RolloutId, t.HasPreStop, t.StopSignalMs)).Order(),
            endings.Select(t => (t.Uid, t.AskedMs, t.GraceSeconds, t.Cause, t.RolloutId, t.HasPreStop, t.StopSignalMs)).Order());
        foreach (var ending in endings)
        {
            var earlier = before.SingleOrDefault(t => t.Uid == ending.Uid);
            var truth = whole.State.Terminations.Single(t => t.Uid == ending.Uid);
            if (earlier is not null)
                Assert.Equal((earlier.EndpointNotReadyMs, earlier.EndpointTerminatingMs), (ending.EndpointNotReadyMs, ending.EndpointTerminatingMs));
            // If one was deleted meanwhile, how it finished was not observed: it is unknown, and its end is bounded.
            Assert.True(ending.ExitCode == truth.ExitCode || (ending.ExitCode is null && ending.UnwatchedToMs >= ending.DeletedMs));
        }

        var rollout = Assert.Single(Rollouts());
        Assert.Equal((started.Id, started.StartedMs, started.SurgedMs), (rollout.Id, rollout.StartedMs, rollout.SurgedMs));
        // The time at which it finished is only known within these bounds.
        Assert.True(rollout.UnwatchedFromMs <= rollout.FinishedMs && rollout.FinishedMs <= rollout.UnwatchedToMs);
    }

    private void Release(double seconds) => _server.Released = _files.Lines.Count(l => l.T <= seconds);

    private List<TerminationRow> Endings() => Rows(db => db.Terminations);

    private List<RolloutRow> Rollouts() => Rows(db => db.Rollouts);

    private List<T> Rows<T>(Func<ConsoleDb, IQueryable<T>> table)
        where T : class
    {
        using var db = new ConsoleDb(new DbContextOptionsBuilder<ConsoleDb>().UseSqlite($"Data Source={_folder.FullName}/console.db;Pooling=False").Options);
        return [.. table(db).AsNoTracking()];
    }
}
