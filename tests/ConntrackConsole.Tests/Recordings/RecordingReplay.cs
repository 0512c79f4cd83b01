using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Lifecycle;

namespace ConntrackConsole.Tests.Recordings;

/// <summary>Replays the lines of a recording in any order between its watches, each at its own time.</summary>
public sealed class RecordingReplay
{
    private readonly TerminationLog _log = new(new RolloutLog());
    private ClusterMap _map = ClusterMap.Empty;

    public RecordingReplay(RecordedFiles files, IEnumerable<RecordedLine> lines)
    {
        long startMs = files.At(0);
        foreach (var listed in files.ListObjects)
            Apply(listed.Change, startMs, new TimeRange(0, startMs));

        foreach (var line in lines)
            Apply(line.Change, files.At(line.T), null);
    }

    public IReadOnlyList<Termination> Terminations => _log.Current;

    public IReadOnlyList<Rollout> Rollouts => _log.Rollouts.Current;

    /// <summary>Shuffles the watches of a recording; each watch keeps its own order.</summary>
    public static List<RecordedLine> Mixed(RecordedFiles files, int seed, IReadOnlyList<string> kinds)
    {
        var random = new Random(seed);
        var mixed = new List<RecordedLine>();
        // Kinds that are not shuffled form one stream.
        var streams = files.Lines.GroupBy(l => kinds.Contains(l.Kind) ? l.Kind : "").Select(g => new Queue<RecordedLine>(g)).ToList();
        while (streams.Count > 0)
        {
            var stream = streams[random.Next(streams.Count)];
            // Runs of random length: from single lines to one watch entirely before another.
            for (int run = random.Next(1, 40); run > 0 && stream.Count > 0; run--)
                mixed.Add(stream.Dequeue());
            streams.RemoveAll(s => s.Count == 0);
        }

        return mixed;
    }

    private void Apply(ClusterChange? change, long nowMs, TimeRange? listed)
    {
        if (change is null)
            return;
        var next = change.ApplyTo(_map, nowMs);
        _log.Follow(_map, next, change, nowMs, listed);
        _map = next;
    }
}
