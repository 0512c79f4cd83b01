using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>Texts about an action for pages and the audit log, and the digest of its preview.</summary>
internal static class ActionFormatter
{
    private const int MaxText = 500;

    /// <summary>The suggested reason of a flush.</summary>
    public static string SuggestedReason(string podIp, AddressOwnership owner, IReadOnlyList<FlushPreview> previews)
    {
        int live = previews.Sum(p => p.Entries.Count(e => e.Effect != FlushEffect.NoEffect));
        string who = owner switch
        {
            { State: OwnerState.Gone, Name: { } name, SinceMs: { } since } => $"{name} has been gone since {Clock(since)}",
            { State: OwnerState.Gone, Name: { } name } => $"{name} is gone",
            { State: OwnerState.Terminating, Name: { } name } => $"{name} is terminating",
            { State: OwnerState.Lost, Name: { } name } => $"{name} is on a lost node",
            _ => $"{podIp} has no live owner",
        };
        return $"{who}; {live} {(live == 1 ? "entry" : "entries")} on {Nodes(previews.Count(p => p.Entries.Any(e => e.Effect != FlushEffect.NoEffect)))} still {(live == 1 ? "leads" : "lead")} to {podIp}";
    }

    /// <summary>The digest of a preview: over the request, and each node's own digest of its list or its value.</summary>
    public static string Digest(string id, ActionRequest request, IReadOnlyList<FlushPreview> previews, IReadOnlyList<SettingReading> readings)
    {
        var text = new StringBuilder();
        Add(id);
        Add(request.Kind.ToString());
        Add(request.Target);
        Add(request.Kind == ActionKind.Flush ? $"{request.Preset}|{request.Scope?.Proto}|{request.Scope?.Vip}|{request.Scope?.VipPort}" : $"{request.Value}|{request.RevertAfterMs}");
        foreach (var preview in previews.OrderBy(p => p.Node, StringComparer.Ordinal))
            Add($"{preview.Node} {preview.Digest}");
        foreach (var reading in readings)
            Add($"{reading.Node} {reading.Value}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));

        // The length prefix makes the parts unambiguous.
        void Add(string part) => text.Append(part.Length.ToString(CultureInfo.InvariantCulture)).Append(':').Append(part);
    }

    /// <summary>"node1: 4 entries (3 fail fast, 1 without effect); node2: 0 entries", or "node1: 0; node2: 1".</summary>
    public static string? Before(ActionPlan plan)
    {
        string text = plan.Request.Kind == ActionKind.Flush
            ? string.Join("; ", plan.Previews.Select(p => p.Refusal is not null ? $"{p.Node}: refused: {p.Refusal}" : $"{p.Node}: {Entries(p.Entries.Count)}{Effects(p.Entries)}"))
            : string.Join("; ", plan.Readings.Select(r => $"{r.Node}: {r.Value ?? "not read"}"));
        return text.Length > 0 ? text : null;
    }

    public static string? After(ActionRecord record)
    {
        string text = string.Join("; ", record.Nodes.Select(n => n switch
        {
            { Flush: { Refusal: null, Unsure: true } r } => $"{n.Node}: listed {r.Listed}, interrupted, number of deletions unknown, remaining {(r.Remaining < 0 ? "unknown" : $"{r.Remaining}")}",
            { Flush: { Refusal: null } r } => $"{n.Node}: listed {r.Listed}, deleted {r.Deleted}, already gone {r.AlreadyGone}, alive {r.Alive}, failed {r.Failed}, remaining {(r.Remaining < 0 ? "unknown" : $"{r.Remaining}")}{(r.Witnessed is { } heard ? $", {heard} confirmed by events" : "")}",
            { Flush: { Refusal: { } refusal } } => $"{n.Node}: refused: {refusal}",
            { Setting: { } s } => $"{n.Node}: {s.Now ?? "not read"} ({s.Outcome})",
            _ => $"{n.Node}: {n.Outcome}",
        }));
        return text.Length > 0 ? text : null;
    }

    public static string Short(string? text, int max = MaxText) => text is null ? "" : text.Trim() is { } trimmed && trimmed.Length > max ? trimmed[..max] : text.Trim();

    internal static string Connections(int count) => count == 1 ? "1 connection" : $"{count} connections";

    internal static string Entries(long count) => count == 1 ? "1 entry" : $"{count} entries";

    internal static string Nodes(int count) => count == 1 ? "1 node" : $"{count} nodes";

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

    private static string Clock(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
