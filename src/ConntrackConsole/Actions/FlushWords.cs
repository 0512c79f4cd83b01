using System.Security.Cryptography;
using System.Text;
using ConntrackConsole.Cluster;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions;

/// <summary>What a flush says of itself: on the screen, in the audit log, and as a digest.</summary>
public static class FlushWords
{
    /// <summary>The reason that stands in the box before anybody writes.</summary>
    public static string SuggestedReason(string podIp, Ownership owner, IReadOnlyList<FlushPreview> previews)
    {
        int live = previews.Sum(p => p.Entries.Count(e => e.Effect != FlushEffect.NoEffect));
        string who = owner switch
        {
            { State: OwnerState.Gone, Name: { } name, SinceMs: { } since } => $"{name} is gone since {Clock(since)}",
            { State: OwnerState.Gone, Name: { } name } => $"{name} is gone",
            { State: OwnerState.Terminating, Name: { } name } => $"{name} is terminating",
            { State: OwnerState.Lost, Name: { } name } => $"{name} is on a lost node",
            _ => $"{podIp} has no live owner",
        };
        return $"{who}; {live} {(live == 1 ? "entry" : "entries")} on {Nodes(previews.Count(p => p.Entries.Count > 0))} still {(live == 1 ? "leads" : "lead")} to {podIp}";
    }

    /// <summary>A digest over what was shown: the address, and each node's own digest over its list.</summary>
    public static string Digest(string actionId, string podIp, IReadOnlyList<FlushPreview> previews)
    {
        var text = new StringBuilder(actionId).Append('\n').Append(podIp);
        foreach (var preview in previews.OrderBy(p => p.Node, StringComparer.Ordinal))
            text.Append('\n').Append(preview.Node).Append(' ').Append(preview.Digest);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>"node1: 4 entries (3 fail fast, 1 without effect); node2: 0 entries".</summary>
    public static string Counted(IEnumerable<FlushPreview> previews) => string.Join("; ", previews.Select(p =>
        p.Refusal is not null
            ? $"{p.Node}: refuses: {p.Refusal}"
            : $"{p.Node}: {Entries(p.Entries.Count)}{Effects(p.Entries)}"));

    public static string Counted(IEnumerable<FlushResult> results) => string.Join("; ", results.Select(r =>
        r.Refusal is not null
            ? $"{r.Node}: refuses: {r.Refusal}"
            : $"{r.Node}: listed {r.Listed}, deleted {r.Deleted}, already gone {r.AlreadyGone}, alive {r.Alive}, failed {r.Failed}, remaining {(r.Remaining < 0 ? "unknown" : $"{r.Remaining}")}"));

    public static (ActionState State, string Sentence) Judge(IReadOnlyList<FlushResult> results, IReadOnlyList<string> unanswered, IReadOnlyList<string> notAsked)
    {
        var done = results.Where(r => r.Refusal is null).ToList();
        var refused = results.Where(r => r.Refusal is not null).ToList();
        int deleted = done.Sum(r => r.Deleted);
        int alive = done.Sum(r => r.Alive);
        int failed = done.Sum(r => r.Failed);
        var uncounted = done.Where(r => r.Remaining < 0).Select(r => r.Node).ToList();
        int remaining = done.Sum(r => Math.Max(r.Remaining, 0));
        var sentence = new StringBuilder();
        if (done.Count > 0)
        {
            string left = remaining > 0 ? $"{Entries(remaining)} remaining" : uncounted.Count == 0 ? "none remains" : "none seen remaining";
            sentence.Append($"{Entries(deleted)} deleted on {Nodes(done.Count)}; {left}.");
            if (uncounted.Count > 0)
                sentence.Append($" What is left on {string.Join(", ", uncounted)} could not be read.");
            if (alive > 0)
                sentence.Append($" {Entries(alive)} left alone: the backend answers.");
            if (failed > 0)
                sentence.Append($" {Entries(failed)} failed: {done.SelectMany(r => r.Errors).FirstOrDefault() ?? "the kernel refused."}");
        }

        foreach (var result in refused)
            sentence.Append($" {result.Node} did nothing: {result.Refusal}");
        if (unanswered.Count > 0)
            sentence.Append($" {string.Join(", ", unanswered)} did not answer after the order was sent: what happened there is unknown. Look at the entries there before you try again.");
        if (notAsked.Count > 0)
            sentence.Append($" {string.Join(", ", notAsked)} could not be asked: entries there stay.");
        var state = unanswered.Count > 0 ? ActionState.Unknown
            : done.Count == 0 || (deleted == 0 && failed > 0) ? ActionState.Failed
            : refused.Count > 0 || notAsked.Count > 0 || failed > 0 || uncounted.Count > 0 ? ActionState.Partly
            : ActionState.Completed;
        return (state, sentence.ToString().Trim());
    }

    private static string Effects(IReadOnlyList<FlowEntry> entries) =>
        entries.Count == 0 ? "" : $" ({string.Join(", ", entries.GroupBy(e => e.Effect).OrderBy(g => g.Key).Select(g => $"{g.Count()} {Effect(g.Key)}"))})";

    private static string Effect(FlushEffect? effect) => effect switch
    {
        FlushEffect.FailsFast => "fail fast",
        FlushEffect.Moves => "move",
        FlushEffect.MayBreak => "may break",
        FlushEffect.Hangs => "hang",
        _ => "without effect",
    };

    private static string Entries(int count) => count == 1 ? "1 entry" : $"{count} entries";

    private static string Nodes(int count) => count == 1 ? "1 node" : $"{count} nodes";

    private static string Clock(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
