using System.Text.Json;
using ConntrackConsole.Lifecycle;
using Xunit;

namespace ConntrackConsole.Tests.Recordings;

/// <summary>Invariants of every termination in every recording, derived from its lines without the console's parsers.</summary>
public class RecordedLifecycleTests
{
    private static readonly string[] TwoWatches = ["pods", "endpointslices"];
    private static readonly string[] AllWatches = ["pods", "endpointslices", "replicasets", "deployments", "events"];

    public static TheoryData<string> Recordings => RecordedFiles.Names;

    [Theory]
    [MemberData(nameof(Recordings))]
    public void EveryRecording_EveryDeletedPod_HasOneTerminationMatchingTheLines(string name)
    {
        var files = new RecordedFiles(name);
        var replay = new RecordingReplay(files, files.Lines);
        var expected = TruthOf(files);

        Assert.Equal(expected.Keys.Order(), replay.Terminations.Select(t => t.Uid).Order());
        foreach (var t in replay.Terminations)
        {
            var truth = expected[t.Uid];
            Assert.Equal((truth.Asked, truth.Grace, truth.Deleted), (t.DeletionRequestedMs, t.GraceSeconds, t.DeletedMs));
            Assert.True(t.DeletedMs is null || t.DeletionRequestedMs <= t.DeletedMs, $"{t.Pod} was deleted before its deletion was requested");
            Assert.Equal((truth.NotReady, truth.Terminating, truth.Removed), (t.EndpointNotReadyMs, t.EndpointTerminatingMs, t.EndpointRemovedMs));
            Assert.Equal((truth.Finished, truth.Exit), (t.ContainerFinishedMs, t.ExitCode));
            // Jobs are not watched: why one deleted its unfinished pod is not known, and said so.
            Assert.True(t.Cause != TerminationCause.Unknown || (t.Workload is { Kind: "Job" } && t.Evidence!.Contains("Job")), $"{t.Pod}: {t.Evidence}");
            Assert.False(string.IsNullOrEmpty(t.Evidence));
            Assert.Null(t.Unwatched);
            if (t.Cause == TerminationCause.Rollout)
                Assert.Contains(replay.Rollouts, r => r.Id == t.RolloutId);
            else
                Assert.Null(t.RolloutId);
        }
    }

    [Theory]
    [MemberData(nameof(Recordings))]
    public void EveryRecording_PodAndSliceWatchesInAnyOrder_GiveTheSameTerminations(string name) => SameInAnyOrder(name, TwoWatches, instants: true);

    [Theory]
    [MemberData(nameof(Recordings))]
    public void EveryRecording_AllWatchesInAnyOrder_GiveTheSameCauses(string name) => SameInAnyOrder(name, AllWatches, instants: false);

    [Theory]
    [MemberData(nameof(Recordings))]
    public void EveryRecording_Rollouts_AreInOrder(string name)
    {
        var files = new RecordedFiles(name);
        foreach (var rollout in new RecordingReplay(files, files.Lines).Rollouts)
        {
            Assert.Null(rollout.Unwatched);
            Assert.True(rollout.SurgedMs is null || rollout.SurgedMs >= rollout.StartedMs);
            Assert.True(rollout.FinishedMs is null || rollout.FinishedMs >= rollout.SurgedMs);
            Assert.False(rollout.IsOpen, $"{rollout.Id} never closed");
        }
    }

    private static void SameInAnyOrder(string name, string[] watches, bool instants)
    {
        var files = new RecordedFiles(name);
        string expected = Text(new RecordingReplay(files, files.Lines), instants);
        for (int seed = 0; seed < 60; seed++)
            Assert.Equal(expected, Text(new RecordingReplay(files, RecordingReplay.Mixed(files, seed, watches)), instants));
    }

    private static string Text(RecordingReplay replay, bool instants) => string.Join('\n', replay.Terminations.OrderBy(t => t.Uid).Select(t => instants
        ? t.ToString()
        : $"{t.Pod} {t.DeletionRequestedMs} {t.EndpointNotReadyMs} {t.EndpointTerminatingMs} {t.EndpointRemovedMs} {t.DeletedMs} {t.Cause} {t.RolloutId} {t.SigtermSentMs} {t.Workload}"));

    private sealed record Truth
    {
        public long Asked { get; init; }
        public int? Grace { get; init; }
        public long? Deleted { get; init; }
        public long? NotReady { get; init; }
        public long? Terminating { get; init; }
        public long? Removed { get; init; }
        public long? Finished { get; init; }
        public int? Exit { get; init; }
    }

    private static Dictionary<string, Truth> TruthOf(RecordedFiles files)
    {
        var truth = new Dictionary<string, Truth>();
        using (var list = JsonDocument.Parse(files.Lists["pods"]))
        {
            foreach (var pod in list.RootElement.GetProperty("items").EnumerateArray())
            {
                if (EndedFirst(pod) is { } ended && ended.Finished > files.At(0) - 3_600_000)
                    truth[pod.GetProperty("metadata").GetProperty("uid").GetString()!] = ended;
            }
        }

        foreach (var line in files.Lines.Where(l => l.Kind == "pods"))
        {
            using var parsed = JsonDocument.Parse(line.Line);
            var pod = parsed.RootElement.GetProperty("object");
            var meta = pod.GetProperty("metadata");
            string uid = meta.GetProperty("uid").GetString()!;
            var known = truth.GetValueOrDefault(uid) ?? EndedFirst(pod);
            if (meta.TryGetProperty("deletionTimestamp", out var at))
            {
                int grace = meta.GetProperty("deletionGracePeriodSeconds").GetInt32();
                known ??= new Truth { Asked = Ms(at.GetString()!) - (grace * 1000), Grace = grace };
            }

            if (known is null)
                continue;
            if (parsed.RootElement.GetProperty("type").GetString() == "DELETED")
                known = known with { Deleted = files.At(line.T) };
            if (LastEnded(pod) is { } ended)
            {
                known = known with
                {
                    Exit = ended.GetProperty("exitCode").GetInt32(),
                    Finished = ended.GetProperty("finishedAt") is { ValueKind: JsonValueKind.String } finished ? Ms(finished.GetString()!) : null,
                };
            }

            truth[uid] = known;
        }

        var slices = new Dictionary<string, Dictionary<string, (bool Ready, bool Terminating)>>();
        using (var list = JsonDocument.Parse(files.Lists["endpointslices"]))
        {
            foreach (var slice in list.RootElement.GetProperty("items").EnumerateArray())
                slices[slice.GetProperty("metadata").GetProperty("uid").GetString()!] = Endpoints(slice);
        }

        foreach (var line in files.Lines.Where(l => l.Kind == "endpointslices"))
        {
            using var parsed = JsonDocument.Parse(line.Line);
            var slice = parsed.RootElement.GetProperty("object");
            string id = slice.GetProperty("metadata").GetProperty("uid").GetString()!;
            var was = slices.GetValueOrDefault(id) ?? [];
            var now = parsed.RootElement.GetProperty("type").GetString() == "DELETED" ? [] : Endpoints(slice);
            slices[id] = now;
            foreach (string uid in was.Keys.Union(now.Keys).Where(truth.ContainsKey))
            {
                bool has = now.TryGetValue(uid, out var condition);
                if (has && condition.Terminating)
                    truth[uid] = truth[uid] with { Terminating = truth[uid].Terminating ?? files.At(line.T) };
                // A readiness probe that failed for a while is not part of the end.
                if (has && condition.Ready)
                    truth[uid] = truth[uid] with { NotReady = null };
                if (has && !condition.Ready && was.TryGetValue(uid, out var before) && before.Ready)
                    truth[uid] = truth[uid] with { NotReady = truth[uid].NotReady ?? files.At(line.T) };
                truth[uid] = truth[uid] with { Removed = slices.Values.Any(s => s.ContainsKey(uid)) ? null : truth[uid].Removed ?? files.At(line.T) };
            }
        }

        return truth;
    }

    // The pod of a Job, or one that its kubelet evicted: no deletion was requested, its end is that of its containers.
    private static Truth? EndedFirst(JsonElement pod)
    {
        if (pod.GetProperty("metadata").TryGetProperty("deletionTimestamp", out _) || pod.GetProperty("status").GetProperty("phase").GetString() is not ("Succeeded" or "Failed"))
            return null;
        if (LastEnded(pod) is not { } ended)
            return null;
        long finished = Ms(ended.GetProperty("finishedAt").GetString()!);
        return new Truth { Asked = finished, Finished = finished, Exit = ended.GetProperty("exitCode").GetInt32() };
    }

    // The container that finished last, native sidecars included.
    private static JsonElement? LastEnded(JsonElement pod)
    {
        var status = pod.GetProperty("status");
        var sidecars = pod.GetProperty("spec").TryGetProperty("initContainers", out var init)
            ? init.EnumerateArray().Where(c => c.TryGetProperty("restartPolicy", out var policy) && policy.GetString() == "Always").Select(c => c.GetProperty("name").GetString()).ToHashSet()
            : [];
        var containers = Of("containerStatuses").Concat(Of("initContainerStatuses").Where(c => sidecars.Contains(c.GetProperty("name").GetString())));
        JsonElement? last = null;
        foreach (var container in containers)
        {
            if (container.GetProperty("state").TryGetProperty("terminated", out var ended) && (last is null || FinishedMs(ended) > FinishedMs(last.Value)))
                last = ended;
        }

        return last;

        IEnumerable<JsonElement> Of(string name) => status.TryGetProperty(name, out var list) ? list.EnumerateArray() : [];

        static long FinishedMs(JsonElement ended) => ended.GetProperty("finishedAt") is { ValueKind: JsonValueKind.String } at ? Ms(at.GetString()!) : 0;
    }

    private static Dictionary<string, (bool Ready, bool Terminating)> Endpoints(JsonElement slice)
    {
        var endpoints = new Dictionary<string, (bool, bool)>();
        if (slice.GetProperty("endpoints") is { ValueKind: JsonValueKind.Array } list)
        {
            foreach (var endpoint in list.EnumerateArray().Where(e => e.TryGetProperty("targetRef", out _)))
            {
                var conditions = endpoint.GetProperty("conditions");
                endpoints[endpoint.GetProperty("targetRef").GetProperty("uid").GetString()!] =
                    (conditions.GetProperty("ready").GetBoolean(), conditions.GetProperty("terminating").GetBoolean());
            }
        }

        return endpoints;
    }

    private static long Ms(string time) => DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
}
