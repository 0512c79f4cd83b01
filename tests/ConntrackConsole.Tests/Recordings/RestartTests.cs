using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
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
        var whole = new Run(files, null, new Lists(files)).Play(files.Lines.Count);
        foreach (int length in (int[])[0, 1, 7, 40])
        {
            // The cost is the square of the length: a long recording is cut at some 100 places, at others for each length.
            int step = Math.Max(1, files.Lines.Count / 100);
            var (first, lists) = (new Run(files, null, new Lists(files)), new Lists(files));
            for (int killed = length % step; killed + length <= files.Lines.Count; killed += step)
            {
                // What precedes each restart is played once: the second run inherits what the first has saved by then.
                first.Play(killed);
                var second = new Run(files, first, lists.AdvanceTo(killed + length)).Play(files.Lines.Count);
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

        public Run(RecordedFiles files, Run? former, Lists lists)
        {
            _files = files;
            int from = _next = lists.Lines;
            _clock = new FakeTimeProvider(files.Start);
            if (from > 0)
                _clock.SetUtcNow(files.Start + TimeSpan.FromSeconds(files.Lines[from - 1].T));
            State = new ClusterState(_clock);
            State.History.TrackChanges();
            State.Watching();
            if (former is not null)
                Inherit(former);
            foreach (var changes in lists.Current)
                State.Apply(changes, listed: true);
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
                if (line.Change is { } change)
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
    }

    // What the API server lists after a number of lines.
    private sealed class Lists
    {
        private readonly RecordedFiles _files;
        private readonly Dictionary<string, Dictionary<string, ClusterChange?>> _objects;

        public Lists(RecordedFiles files)
        {
            _files = files;
            _objects = WatchedKind.All.Where(k => files.Lists.ContainsKey(k.Name)).ToDictionary(
                k => k.Name, k => files.ListObjects.Where(o => o.Kind == k.Name).ToDictionary(o => o.Uid, o => o.Change));
        }

        public int Lines { get; private set; }

        public IEnumerable<IEnumerable<ClusterChange>> Current => _objects.Values.Select(kind => kind.Values.OfType<ClusterChange>());

        public Lists AdvanceTo(int lines)
        {
            for (; Lines < lines; Lines++)
            {
                var line = _files.Lines[Lines];
                if (!_objects.TryGetValue(line.Kind, out var objects))
                    continue;
                if (line.IsDeleted)
                    objects.Remove(line.Uid);
                else
                    objects[line.Uid] = line.Change;
            }

            return this;
        }
    }
}
