using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using ConntrackConsole.Audit;
using ConntrackConsole.Cluster;
using ConntrackConsole.Identity;
using ConntrackConsole.Ingest;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions;

/// <summary>Where a dangerous act goes through: audit, preview, guard, audit, effect, audit.</summary>
public sealed partial class ActionDesk(
    ClusterState cluster, CollectorLink collectors, AuditLog audit, TimeProvider time, ILogger<ActionDesk> log)
{
    /// <summary>How long what was shown may be confirmed.</summary>
    public static readonly TimeSpan PlanLife = TimeSpan.FromSeconds(60);

    private const int MaxText = 500;
    private const string Expired = "This preview is no longer valid (it expires after 60 s and can be confirmed once): make a new one.";

    private readonly ConcurrentDictionary<string, FlushPlan> _plans = new();

    /// <summary>Asks every node what a flush would delete, and says whether it may be done. Writes the audit rows first and after.</summary>
    public async Task<FlushPlan> PreviewFlushAsync(FlushAsk ask, ClaimsPrincipal user, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(ask);
        ForgetExpired();
        long startedMs = NowMs;
        string actionId = $"flush-{Guid.NewGuid():N}";
        string podIp = Short(ask.PodIp);
        var note = new AuditNote(
            Who(user), ask.ClientAddress ?? user?.FindFirstValue(SignIn.AddressClaim), "flush.requested", null, podIp,
            string.IsNullOrWhiteSpace(ask.Reason) ? "(asked for at the confirmation)" : Short(ask.Reason), null, null, "asked", null, actionId);
        await audit.AppendAsync(note, ct);

        // Nothing to ask the nodes for where the owner alone decides.
        // At the preview the reason may still be to be written; a blank one is refused at the confirmation.
        var world = World(podIp, note.Why, null, []);
        var verdict = FlushGuard.Check(world);
        IReadOnlyList<FlushPreview> previews = [];
        if (verdict.Decision != GuardDecision.Refuse)
        {
            var request = new PreviewRequest(actionId, podIp, Statement(world.Owner, podIp));
            var answers = await Task.WhenAll(world.Connected.Select(node => collectors.PreviewAsync(node, request, ct)));
            previews = [.. answers.Where(a => a.Value is not null).Select(a => a.Value!)];
            world = World(podIp, note.Why, previews, [.. answers.Where(a => a.Value is null).Select(a => a.Node)]);
            verdict = FlushGuard.Check(world);
        }

        long expiresMs = Math.Min(startedMs + (long)PlanLife.TotalMilliseconds, previews.Select(p => p.ExpiresAtMs).DefaultIfEmpty(long.MaxValue).Min());
        var plan = new FlushPlan(
            actionId, FlushWords.Digest(actionId, podIp, previews), podIp, verdict, previews, world.Silent, expiresMs,
            FlushWords.SuggestedReason(podIp, world.Owner, previews), world.Owner);
        bool refused = verdict.Decision == GuardDecision.Refuse;
        await audit.AppendAsync(note with
        {
            What = refused ? "flush.refused" : "flush.previewed",
            Where = Names(previews.Select(p => p.Node)),
            Before = previews.Count > 0 ? FlushWords.Counted(previews) : null,
            Result = verdict.Sentence,
            DurationMs = NowMs - startedMs,
        }, ct);
        if (!refused)
            _plans[actionId] = plan;
        return plan;
    }

    /// <summary>Does exactly what the plan with this digest showed, once, if the guards still agree.</summary>
    /// <remarks>After the order is sent nothing here can be cancelled: the outcome must reach the audit log.</remarks>
    public async Task<FlushOutcome> ConfirmFlushAsync(
        string actionId, string digest, string? typedConfirmation, string reason, ClaimsPrincipal user, CancellationToken ct)
    {
        long startedMs = NowMs;
        string why = Short(reason);
        if (actionId is null || !_plans.TryGetValue(actionId, out var plan))
            return new FlushOutcome(actionId ?? "", ActionState.Refused, [], [], Expired);
        var note = new AuditNote(
            Who(user), user?.FindFirstValue(SignIn.AddressClaim), "flush.refused", Names(plan.Nodes.Select(n => n.Node)), plan.PodIp,
            why.Length > 0 ? why : "(none given)", FlushWords.Counted(plan.Nodes), null, "", null, actionId);

        var world = World(plan.PodIp, why, plan.Nodes, [.. plan.SilentNodes]);
        var verdict = FlushGuard.Check(world);
        string? refusal =
            NowMs >= plan.ExpiresAtMs ? Expired
            : !Same(digest, plan.Digest) ? "What was confirmed is not what was shown: make a new preview."
            : verdict.Decision == GuardDecision.Refuse ? verdict.Sentence
            // The world may have grown more doubtful since: then the doubt was never on the screen.
            : verdict.Decision > plan.Verdict.Decision ? $"{verdict.Sentence} This was not so at the preview: make a new one."
            : verdict.TypeToConfirm is { } typed && typedConfirmation?.Trim() != typed ? $"To confirm, type {typed}."
            // Only for the better: the same pod has ended since.
            : world.Owner.Name != plan.Owner.Name || (world.Owner.State != plan.Owner.State && world.Owner.State != OwnerState.Gone) ? $"{plan.PodIp} was {plan.Owner.State} at the preview and is {world.Owner.State} now: make a new one."
            : null;
        if (refusal is not null)
        {
            await audit.AppendAsync(note with { Result = refusal, DurationMs = NowMs - startedMs }, ct);
            return new FlushOutcome(actionId, ActionState.Refused, [], plan.SilentNodes, refusal);
        }

        // Two clicks at the same time: one of them takes the plan.
        if (!_plans.TryRemove(actionId, out _))
            return new FlushOutcome(actionId, ActionState.Refused, [], plan.SilentNodes, Expired);
        try
        {
            await audit.AppendAsync(note with { What = "flush.approved", Result = verdict.Sentence, DurationMs = null }, ct);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogNoAudit(e, actionId);
            return new FlushOutcome(actionId, ActionState.Failed, [], plan.SilentNodes, "The audit log cannot be written, so nothing was sent: mend the database's disk or rights first.");
        }

        return await ExecuteAsync(plan, world, note, startedMs);
    }

    public async Task CancelAsync(string actionId, ClaimsPrincipal user, CancellationToken ct)
    {
        if (actionId is null || !_plans.TryRemove(actionId, out var plan))
            return;
        await audit.AppendAsync(new AuditNote(
            Who(user), user?.FindFirstValue(SignIn.AddressClaim), "flush.cancelled", Names(plan.Nodes.Select(n => n.Node)), plan.PodIp,
            "cancelled by the user", null, null, "nothing was sent", null, actionId), ct);
    }

    private async Task<FlushOutcome> ExecuteAsync(FlushPlan plan, FlushWorld world, AuditNote note, long startedMs)
    {
        var ownership = Statement(world.Owner, plan.PodIp);
        var order = new OrderNote(plan.ActionId, note.Who, null, note.Why, false, NowMs + (long)CollectorLink.FlushTimeout.TotalMilliseconds);
        var asked = plan.Nodes.Where(n => n.Refusal is null).ToList();
        var answers = await Task.WhenAll(asked.Select(preview =>
            collectors.FlushAsync(preview.Node, new FlushRequest(order, plan.ActionId, preview.Digest, ownership))));
        var results = answers.Where(a => a.Value is not null).Select(a => a.Value!).ToList();
        var unanswered = answers.Where(a => a.Value is null).Select(a => a.Node).ToList();
        var notAsked = world.Silent.Union(plan.Nodes.Where(n => n.Refusal is not null).Select(n => n.Node)).Except(asked.Select(a => a.Node)).ToList();
        var (state, sentence) = FlushWords.Judge(results, unanswered, notAsked);
        try
        {
            await audit.AppendAsync(note with
            {
                What = "flush.completed", After = FlushWords.Counted(results), Result = $"{state}: {sentence}", DurationMs = NowMs - startedMs,
            }, CancellationToken.None);
        }
        catch (Exception e)
        {
            // The approved row without an outcome stays visible; the user must know that the act itself was done.
            LogNoAudit(e, plan.ActionId);
            sentence += " The outcome could not be written to the audit log: note it yourself.";
        }

        return new FlushOutcome(plan.ActionId, state, results, [.. notAsked.Union(unanswered)], sentence);
    }

    private FlushWorld World(string podIp, string reason, IReadOnlyList<FlushPreview>? previews, IReadOnlyList<string> unanswered)
    {
        var map = cluster.Current;
        bool valid = Ip.TryParse(podIp, out var ip);
        var connected = collectors.ConnectedNodes;
        var silent = map.Nodes.Keys.Except(connected).Union(unanswered).Order(StringComparer.Ordinal).ToList();
        return new FlushWorld(
            podIp, valid, reason, cluster.HasCluster, cluster.Age, valid ? map.OwnerOf(ip) : Ownership.Unknown, connected, silent, previews, WithoutEndpoints(map, previews ?? []));
    }

    private static List<string> WithoutEndpoints(ClusterMap map, IReadOnlyList<FlushPreview> previews)
    {
        var services =
            from entry in previews.SelectMany(p => p.Entries)
            where entry.Dst is not null && entry.Effect != FlushEffect.NoEffect
            let proto = entry.Proto switch { "udp" => Protocols.Udp, "sctp" => Protocols.Sctp, _ => Protocols.Tcp }
            let key = Ip.TryParse(entry.Dst, out var vip) ? map.ServiceAt(proto, vip, (ushort)(entry.Dport ?? 0)) : null
            where key is not null
            select key.Value;
        // Terminating endpoints get traffic while they serve, where no ready one exists.
        return [.. services.Distinct().Where(s => !map.EndpointsOf(s).Any(e => e.Ready || e.Serving)).Select(s => s.ToString())];
    }

    private OwnershipStatement Statement(Ownership owner, string podIp) =>
        new(podIp, owner.State, owner.Name, NowMs - (long)Math.Min(cluster.Age.TotalMilliseconds, NowMs));

    private void ForgetExpired()
    {
        foreach (var (id, plan) in _plans)
        {
            // A minute longer than it holds, so that a late click is told "expired" with its own audit row.
            if (NowMs > plan.ExpiresAtMs + 60_000)
                _plans.TryRemove(id, out _);
        }
    }

    private static bool Same(string? digest, string expected) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(digest ?? ""), Encoding.UTF8.GetBytes(expected));

    private static string Who(ClaimsPrincipal? user) => user?.Identity?.Name is { Length: > 0 } name ? Short(name) : "unknown";

    private static string? Names(IEnumerable<string> names) => string.Join(", ", names) is { Length: > 0 } text ? text : null;

    private static string Short(string? text) => text is null ? "" : text.Trim() is { Length: > MaxText } longer ? longer[..MaxText] : text.Trim();

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    [LoggerMessage(Level = LogLevel.Error, Message = "The audit log could not be written for action {ActionId}.")]
    private partial void LogNoAudit(Exception e, string actionId);
}
