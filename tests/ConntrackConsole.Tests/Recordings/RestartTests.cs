using System.Text.Json;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Recordings;

/// <summary>The console restarts between any two lines of a recording, with downtimes of any length, and ends in the same state.</summary>
public class RestartTests
{
    private const long MaxTransitMs = 250;

    public static TheoryData<string> Recordings => RecordedFiles.Names;

    [Theory]
    [MemberData(nameof(Recordings))]
    public void EveryRecording_RestartBetweenAnyTwoLines_LosesNoTerminationAndInventsNoTime(string name)
    {
        var files = new RecordedFiles(name);
        var whole = new Run(files, null, 0).Play(files.Lines.Count);
        foreach (int length in (int[])[0, 1, 7, 40])
        {
            // The cost is the square of the length: a long recording is cut at some 100 places, at others for each length.
            int step = Math.Max(1, files.Lines.Count / 100);
            for (int killed = length % step; killed + length <= files.Lines.Count; killed += step)
            {
                var first = new Run(files, null, 0).Play(killed);
                var second = new Run(files, first, killed + length).Play(files.Lines.Count);
                Compare($"{name}, down for {length} lines at {killed}", whole, second);
            }
        }
    }

    private static void Compare(string when, Run whole, Run interrupted)
    {
        var expected = whole.State.Terminations.ToDictionary(t => t.Uid);
        var known = interrupted.State.Terminations.ToDictionary(t => t.Uid);
        // A pod that existed only while the console was down was never observed.
        foreach (var (uid, truth) in expected.Where(e => known.ContainsKey(e.Key) || interrupted.HasSeen(e.Key)))
        {
            Assert.True(known.TryGetValue(uid, out var t), $"{when}: {truth.Pod} was lost");
            Instant(when, "deletion requested", truth.DeletionRequestedMs, t.DeletionRequestedMs, t.Unwatched, mayMiss: false);
            Instant(when, "not ready", truth.EndpointNotReadyMs, t.EndpointNotReadyMs, t.Unwatched, mayMiss: true);
            Instant(when, "terminating", truth.EndpointTerminatingMs, t.EndpointTerminatingMs, t.Unwatched, mayMiss: true);
            Instant(when, "removed", truth.EndpointRemovedMs, t.EndpointRemovedMs, t.Unwatched, mayMiss: true);
            Instant(when, "deleted", truth.DeletedMs, t.DeletedMs, t.Unwatched, mayMiss: false);
            Assert.True(t.ExitCode is null || t.ExitCode == truth.ExitCode, $"{when}: exit {t.ExitCode} was invented");
            Assert.True(t.Cause == truth.Cause || t.Cause == TerminationCause.Unknown, $"{when}: {truth.Pod} was {truth.Cause}, classified as {t.Cause} ({t.Evidence})");
            if (t.Cause == truth.Cause)
                Assert.True(t.RolloutId == truth.RolloutId, $"{when}: {t.RolloutId} instead of {truth.RolloutId}");
        }

        Assert.True(known.Keys.All(expected.ContainsKey), $"{when}: a termination was invented");
        foreach (var r in interrupted.State.Rollouts)
        {
            var truth = whole.State.Rollouts.SingleOrDefault(w => w.Id == r.Id);
            Assert.True(truth is not null, $"{when}: rollout {r.Id} was invented");
            Assert.True(r.IsRollback == truth.IsRollback, $"{when}: rollout {r.Id} has the wrong IsRollback");
            Assert.True(!r.IsOpen, $"{when}: rollout {r.Id} stayed open");
            if (!IsMadeIn(r.StartedMs, truth.StartedMs) || r.Unwatched is null)
                Instant(when, "rollout started", truth.StartedMs, r.StartedMs, r.Unwatched, mayMiss: false);
            Instant(when, "rollout finished", truth.FinishedMs, r.FinishedMs, r.Unwatched, mayMiss: false);
            Instant(when, "rollout surged", truth.SurgedMs, r.SurgedMs, r.Unwatched, mayMiss: true);
        }

        // The final state contains every rollout that was still in progress, or started after the first list.
        foreach (var truth in whole.State.Rollouts.Where(w => interrupted.Began(w)))
            Assert.True(interrupted.State.Rollouts.Any(r => r.Id == truth.Id), $"{when}: rollout {truth.Id} was lost");
    }

    // The start of an unobserved rollout is its ReplicaSet's creationTimestamp, in whole seconds; the expected value is the line's arrival.
    private static bool IsMadeIn(long recordedMs, long arrivedMs) => recordedMs % 1_000 == 0 && arrivedMs - recordedMs is >= 0 and < 1_000 + MaxTransitMs;

    private static void Instant(string when, string what, long? truth, long? actual, TimeRange? unwatched, bool mayMiss)
    {
        if (actual == truth || (mayMiss && actual is null))
            return;
        bool bounded = actual is { } at && truth is { } real && unwatched is { } range && range.Contains(at) && real <= at && real >= range.FromMs - 1_000;
        Assert.True(bounded, $"{when}: {what} is {actual}, was {truth}, not watched {unwatched}");
    }

    private sealed class Run
    {
        private readonly RecordedFiles _files;
        private readonly FakeTimeProvider _clock;
        private readonly HashSet<string> _seen = [];
        private int _next;

        public Run(RecordedFiles files, Run? former, int from)
        {
            _files = files;
            _next = from;
            _clock = new FakeTimeProvider(files.Start);
            if (from > 0)
                _clock.SetUtcNow(files.Start + TimeSpan.FromSeconds(files.Lines[from - 1].T));
            State = new ClusterState(_clock);
            State.History.TrackChanges();
            State.Watching();
            if (former is not null)
                Inherit(former);
            foreach (var kind in WatchedKind.All.Where(k => files.Lists.ContainsKey(k.Name)))
                State.Apply([.. ListAt(kind, from).Select(i => kind.Change(i, false)).OfType<ClusterChange>()], listed: true);
            State.Confirm(NowMs);
            Observe();
        }

        public ClusterState State { get; }

        private long NowMs => _clock.GetUtcNow().ToUnixTimeMilliseconds();

        private void Observe() => _seen.UnionWith(State.Current.Pods.Keys);

        /// <summary>The pod was seen by this run or the previous one.</summary>
        public bool HasSeen(string uid) => _seen.Contains(uid);

        public bool Began(Rollout rollout) => rollout.StartedMs > _files.At(_files.Lines[Math.Max(0, _from - 1)].T) || _inherited.Contains(rollout.Id);

        private readonly HashSet<string> _inherited = [];
        private int _from;

        public Run Play(int to)
        {
            _from = _next;
            for (; _next < to; _next++)
            {
                var line = _files.Lines[_next];
                _clock.SetUtcNow(_files.Start + TimeSpan.FromSeconds(line.T));
                if (KubeReader.Read(WatchedKind.All.Single(k => k.Name == line.Kind), line.Line).Change is { } change)
                    State.Apply([change]);
                if (line.Kind == "pods")
                    Observe();
                State.Confirm(NowMs);
            }

            return this;
        }

        // What the database would return.
        private void Inherit(Run former)
        {
            _seen.UnionWith(former._seen);
            _inherited.UnionWith(former.State.Rollouts.Select(r => r.Id));
            var owners = new Dictionary<(Kernel.Net.Ip, long), OwnerSpan>();
            var unaddressed = new Dictionary<string, UnaddressedPod>();
            foreach (var (span, isNew) in former.State.History.Unsaved(int.MaxValue))
            {
                if (span is OwnerSpan owner)
                    owners[(owner.Ip, owner.FromMs)] = owner;
                if (span is UnaddressedPod pod && isNew)
                    unaddressed[pod.Uid] = pod;
                else if (span is UnaddressedPod gone)
                    unaddressed.Remove(gone.Uid);
            }

            State.History.Restore(owners.Values.OrderBy(o => o.ToMs ?? long.MaxValue), [], [], former.State.History.WatchedUntilMs);
            State.History.Restore(unaddressed.Values);
            State.Restore(
                former.State.Terminations.Select(t => TerminationMapper.Termination(TerminationMapper.Row(t))),
                former.State.Rollouts.Select(r => TerminationMapper.Rollout(TerminationMapper.Row(r))));
        }

        private List<JsonElement> ListAt(WatchedKind kind, int line)
        {
            var objects = new Dictionary<string, JsonElement>();
            using (var list = JsonDocument.Parse(_files.Lists[kind.Name]))
            {
                foreach (var item in list.RootElement.GetProperty("items").EnumerateArray())
                    objects[Uid(item)] = item.Clone();
            }

            foreach (var earlier in _files.Lines.Take(line).Where(l => l.Kind == kind.Name))
            {
                using var parsed = JsonDocument.Parse(earlier.Line);
                var item = parsed.RootElement.GetProperty("object");
                switch (parsed.RootElement.GetProperty("type").GetString())
                {
                    case "DELETED":
                        objects.Remove(Uid(item));
                        break;
                    case "ADDED" or "MODIFIED":
                        objects[Uid(item)] = item.Clone();
                        break;
                }
            }

            return [.. objects.Values];
        }

        private static string Uid(JsonElement item) => item.GetProperty("metadata").GetProperty("uid").GetString()!;
    }
}
