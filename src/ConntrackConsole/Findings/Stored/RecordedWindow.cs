using System.Globalization;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings.Stored;

/// <summary>The frames of all nodes of a window, wherever they are kept, and what the diagnosis concludes of them. Pure.</summary>
/// <param name="Nodes">Those with frames.</param>
/// <param name="Read">A node's frames within an interval, in the order in which they were made.</param>
internal sealed record RecordedWindow(long FromMs, long ToMs, IReadOnlyList<string> Nodes, Func<string, long, long, IEnumerable<(long Run, NodeFrame Frame)>> Read)
{
    /// <summary>Maximum number of frames that one answer reads; of a longer window only the end is explained.</summary>
    public const int MaxFrames = 1_000_000;

    /// <summary>A key frame comes at least every minute: reading begins that long before a window, so that the table is known at its start.</summary>
    public const long KeyFrameMs = 61_000;

    // The first frame has what happened in the second or two before it, and collectors start one after the other.
    private const long EdgeMs = 5_000;

    /// <summary>Since when it is explained.</summary>
    public long ExplainedMs => Math.Max(FromMs, ToMs - Math.Max(KeyFrameMs, MaxFrames / Math.Max(1, Nodes.Count) * 1_000L));

    /// <summary>The findings.</summary>
    /// <param name="facts">What is known besides the frames, since <see cref="ExplainedMs"/>.</param>
    public FindingReport Explain(FindingWindow facts, CancellationToken ct)
    {
        var store = new TimelineStore(new ClusterState(TimeProvider.System), new MomentClock(ToMs), horizonMs: ToMs - ExplainedMs + (2 * KeyFrameMs));
        long firstMs = Fill(store, ct);
        var insufficient = new List<InsufficientEvidence>();
        long knownMs = Math.Max(ExplainedMs, Math.Min(firstMs, ToMs));
        if (knownMs > FromMs + EdgeMs || firstMs == long.MaxValue)
            insufficient.Add(new InsufficientEvidence(null, "", Unread(FromMs, firstMs == long.MaxValue ? ToMs : knownMs, knownMs == ExplainedMs && ExplainedMs > FromMs)));
        if (firstMs == long.MaxValue)
            return new FindingReport(FromMs, ToMs, [], insufficient, []);

        // Live, a banner of the page reports it.
        if (!facts.History.KnowsSlices)
            insufficient.Add(new InsufficientEvidence(null, "", "which pods, endpoints and Services had the addresses: the cluster was not listed"));
        var snapshot = store.Capture();
        var window = facts with { Gaps = snapshot.Gaps };
        var findings = new List<ObservedFinding>();
        var nodes = new NodeRecords();
        foreach (var ip in Candidates(store, window))
        {
            ct.ThrowIfCancellationRequested();
            var report = SubjectDiagnosis.Run(window, store.RecordOf(ip, nodes));
            findings.AddRange(report.Findings);
            insufficient.AddRange(report.Insufficient);
        }

        insufficient.AddRange(new UnseenIntervals(store).Of(window, snapshot.Nodes));
        findings.AddRange(NodeFindings.Of(window, store.NodesUnderPressure(ExplainedMs)));
        return new FindingReport(
            FromMs, ToMs, [.. findings.OrderByDescending(finding => finding.SinceMs ?? long.MaxValue).ThenBy(finding => finding.Id, StringComparer.Ordinal)],
            [.. insufficient.Distinct()], NodeWarnings.Of(window, store.NodesUnderPressure(ExplainedMs))) { Observation = WindowObservation.Of(store, window, Nodes) };
    }

    /// <summary>Reads the frames into a store, and returns the time of the first one.</summary>
    public long Fill(TimelineStore store, CancellationToken ct)
    {
        long firstMs = long.MaxValue;
        foreach (string node in Nodes)
        {
            ct.ThrowIfCancellationRequested();
            store.Rebuild(node, Noted(Read(node, ExplainedMs - KeyFrameMs, ToMs)));
        }

        return firstMs;

        IEnumerable<(long Run, NodeFrame Frame)> Noted(IEnumerable<(long Run, NodeFrame Frame)> read)
        {
            foreach (var stored in read)
            {
                firstMs = Math.Min(firstMs, stored.Frame.AtMs);
                yield return stored;
            }
        }
    }

    // As in memory: what arrived, and entries that lead astray.
    private static IEnumerable<Ip> Candidates(TimelineStore store, FindingWindow window)
    {
        var candidates = store.DrainTouched().ToHashSet();
        foreach (var group in store.AllGroups())
        {
            if (!group.Key.Vip.IsNone && group.Members.Any(member => member.Now.Live > 0) && EntryStateClassifier.At(window.History, group.Key, window.ToMs).NeedsExplanation())
                candidates.Add(group.Key.Backend);
        }

        return candidates.Order();
    }

    private static string Unread(long fromMs, long toMs, bool isTooLong) => string.Create(
        CultureInfo.InvariantCulture,
        $"single connections from {Text(fromMs)} to {Text(toMs)}: {(isTooLong ? "the window has more frames than one answer reads" : "their frames are no longer stored, or no collector reported")}");

    private static string Text(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

/// <summary>The clock of a store of a window: its present is the end of the window.</summary>
internal sealed class MomentClock(long atMs) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(atMs);
}
