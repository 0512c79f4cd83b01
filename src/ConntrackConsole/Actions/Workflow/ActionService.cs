using System.Security.Cryptography;
using System.Text;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Audit;
using ConntrackConsole.Identity;
using ConntrackConsole.Ingest;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>
/// Every flush and every setting change goes through here: audit, preview, guards, confirmation or approval, guards again, audit, node
/// commands, audit. Only pages and the API call it; the user is identified again at each step.
/// </summary>
public sealed partial class ActionService(
    ActionStore store, GuardContextBuilder contexts, CollectorLink collectors, ActionAudit audit, ActionDispatch dispatch, PreviewRateLimiter rate,
    TimeProvider time, ILogger<ActionService> log)
{
    /// <summary>How long the requester may confirm a preview.</summary>
    public static readonly TimeSpan ConfirmTtl = TimeSpan.FromSeconds(60);

    /// <summary>How long a second person may approve it; the nodes keep their previews for as long.</summary>
    public static readonly TimeSpan ApprovalTtl = TimeSpan.FromMinutes(15);

    private static readonly Refusal Expired = new(
        RefusalKind.Over, ActionReasons.Expired, "This preview is no longer valid (60 s, once; 15 min for a second person): make a new one.");

    private const string AuditFault = "The audit log cannot be written, so nothing was sent: check disk space and file permissions of the database.";

    /// <summary>Previews the action on the nodes and checks the guards. Audit rows are written before and after.</summary>
    public async Task<ActionAnswer> RequestAsync(ActionRequest ask, Principal caller, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(ask);
        ArgumentNullException.ThrowIfNull(caller);
        // JSON can say null where the type cannot.
        ask = ask with { Nodes = [.. (ask.Nodes ?? []).Select(n => n ?? "")] };
        long startedMs = NowMs;
        string id = $"{ActionAudit.Word(ask.Kind)}-{Guid.CreateVersion7():N}";
        if (!rate.TryAcquire(caller.Name))
        {
            var limited = GuardVerdict.Refuse(ActionReasons.PreviewRateLimited, $"More than {PreviewRateLimiter.MaxPerMinute} previews in a minute: each preview queries every node. Wait a moment and try again.");
            return rate.TryAcquireRefusal(caller.Name) ? await RefuseAsync(limited) : ActionAnswer.No(Refusal.Of(limited));
        }

        await audit.WriteAsync(ActionAudit.Note(id, ask, caller, "requested", ask.BreakGlass ? "asked, with break-glass" : "asked"), ct);

        // No node is queried where the owner of the address alone decides.
        // The reason may follow at the confirmation, where a blank one is refused.
        var context = await contexts.ReadAsync(ask, caller, string.IsNullOrWhiteSpace(ask.Reason) ? "(asked for at the confirmation)" : ask.Reason, id, ct);
        var verdict = ActionGuard.Check(context);
        if (verdict.Decision == GuardDecision.Refuse)
            return await RefuseAsync(verdict);
        var (previews, readings, unanswered) = await PreviewNodesAsync(id, context, ct);
        context = contexts.With(context, previews, readings, unanswered);
        verdict = ActionGuard.Check(context);

        bool second = verdict.Decision == GuardDecision.NeedsApproval;
        long expiresMs = startedMs + (long)(second ? ApprovalTtl : ConfirmTtl).TotalMilliseconds;
        var plan = new ActionPlan(
            id, context.Request, caller.Name, startedMs, verdict, ActionFormatter.Digest(id, context.Request, previews, readings),
            previews.Where(p => p.Refusal is null).Select(p => p.ExpiresAtMs).Append(expiresMs).Min())
        {
            Session = caller.Session, Previews = previews, Readings = readings, Silent = context.Silent,
            Owner = new PlanOwner(context.Owner.State, context.Owner.Name, context.Owner.SinceMs),
            SuggestedReason = ask.Kind == ActionKind.Flush ? ActionFormatter.SuggestedReason(ask.Target, context.Owner, previews) : "",
            ExpectedWithinS = ActionFormatter.ExpectedWithinS(context.Owner, previews, startedMs),
        };
        bool refused = verdict.Decision == GuardDecision.Refuse;
        var record = new ActionRecord(plan, refused ? ActionState.Refused : ActionState.Previewed, NowMs)
        {
            Reason = ActionFormatter.Short(ask.Reason), Sentence = refused ? verdict.Sentence : "", Code = refused ? verdict.Code : null,
        };
        await audit.WriteAsync(ActionAudit.Note(record, caller, refused ? "refused" : "previewed", verdict.Sentence, verdict.Code) with { DurationMs = NowMs - startedMs }, ct);
        await store.AddAsync(record, ct);
        return refused ? ActionAnswer.No(Refusal.Of(verdict), record) : ActionAnswer.Of(record);

        async Task<ActionAnswer> RefuseAsync(GuardVerdict why)
        {
            await audit.WriteAsync(ActionAudit.Note(id, ask, caller, "refused", why.Sentence, why.Code) with { DurationMs = NowMs - startedMs }, ct);
            return ActionAnswer.No(Refusal.Of(why));
        }
    }

    /// <summary>Executes exactly what was previewed under this digest, once, if the guards still allow it; or requests an approval.</summary>
    /// <remarks>Once the node commands are sent nothing is cancelled: the outcome must reach the audit log.</remarks>
    public async Task<ActionAnswer> ConfirmAsync(string? id, string? digest, string? typed, string? reason, Principal caller, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(caller);
        // A user confirms only their own preview: nobody else has seen it.
        if (await store.FindAsync(id, ct) is not { } found || !PersonName.AreSame(found.Plan.AskedBy, caller.Name))
            return await NoSuchAsync(id, caller, "confirm", ct);
        var record = found with { Reason = ActionFormatter.Short(reason) };
        var (verdict, refusal) = await CheckAsync(record, ActionState.Previewed, digest, caller, record.Reason, ct);
        refusal ??= verdict.TypeToConfirm is { } expected && typed?.Trim() != expected ? new Refusal(RefusalKind.Guard, ActionReasons.TypedConfirmation, $"To confirm, type {expected}.") : null;
        if (refusal is not null)
            return await RefuseAsync(record, caller, refusal, ct);

        if (verdict.Decision == GuardDecision.NeedsApproval)
        {
            if (await UnwrittenAsync(ActionAudit.Note(record, caller, "waiting", $"A second person is needed: {verdict.Sentence}", verdict.Code)) is { } fault)
                return new ActionAnswer(found, fault);
            return await store.MoveAsync(record with { State = ActionState.Waiting }, ActionState.Previewed, ct) is { } waiting
                ? ActionAnswer.Of(waiting)
                : await RefuseAsync(found, caller, Expired, ct);
        }

        return await RunAsync(record, ActionState.Previewed, caller, verdict, ct);
    }

    /// <summary>A second person approves exactly what was previewed.</summary>
    public async Task<ActionAnswer> ApproveAsync(string? id, string? digest, Principal caller, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(caller);
        if (await store.FindAsync(id, ct) is not { State: not ActionState.Previewed } record)
            return await NoSuchAsync(id, caller, "approve", ct);
        Refusal? refusal =
            !caller.Role.MayApprove() ? new Refusal(RefusalKind.Role, ActionReasons.RoleMayNotApprove, $"{caller.Name} is {caller.Role.Name()} here and may not approve: ask an approver.")
            : PersonName.AreSame(record.Plan.AskedBy, caller.Name) || (record.Plan.Session.Length > 0 && record.Plan.Session == caller.Session)
                ? new Refusal(RefusalKind.Role, ActionReasons.OwnApproval, "The requester cannot approve their own action: ask another approver.")
            : null;
        GuardVerdict verdict = record.Plan.Verdict;
        if (refusal is null)
            (verdict, refusal) = await CheckAsync(record, ActionState.Waiting, digest, caller, record.Reason, ct);
        return refusal is not null
            ? await RefuseAsync(record, caller, refusal, ct)
            : await RunAsync(record with { ApprovedBy = caller.Name }, ActionState.Waiting, caller, verdict, ct);
    }

    /// <summary>Cancels an action that was not executed yet.</summary>
    public async Task<ActionAnswer> CancelAsync(string? id, Principal caller, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(caller);
        if (await store.FindAsync(id, ct) is not { } record || (!PersonName.AreSame(record.Plan.AskedBy, caller.Name) && !caller.Role.MayApprove()))
            return await NoSuchAsync(id, caller, "cancel", ct);
        if (!record.IsOpen)
            return await RefuseAsync(record, caller, new Refusal(RefusalKind.Over, ActionReasons.WrongState, $"It is {record.State} already: what was sent cannot be taken back."), ct);
        if (await store.MoveAsync(record with { State = ActionState.Cancelled, Sentence = $"Cancelled by {caller.Name}; nothing was sent.", Code = ActionReasons.Cancelled }, record.State, ct) is not { } cancelled)
            return await RefuseAsync(record, caller, new Refusal(RefusalKind.Over, ActionReasons.Conflict, "The action was changed by someone else; reload it."), ct);
        await audit.WriteAsync(ActionAudit.Note(cancelled, caller, "cancelled", "nothing was sent", ActionReasons.Cancelled), ct);
        return ActionAnswer.Of(cancelled);
    }

    /// <summary>Reverts a change now, on every node where it is open.</summary>
    /// <param name="breakGlass">Also where a node withholds the revert.</param>
    public async Task<ActionAnswer> RevertAsync(string? id, string? reason, bool breakGlass, Principal caller, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(caller);
        if (await store.FindAsync(id, ct) is not { Plan.Request.Kind: ActionKind.Setting } record)
            return await NoSuchAsync(id, caller, "revert", ct);
        string why = ActionFormatter.Short(reason) is { Length: > 0 } given ? given : "set back by hand";
        var open = record.Nodes.Where(n => n.IsOpenChange).ToList();
        Refusal? refusal =
            !caller.Role.MayAct() ? new Refusal(RefusalKind.Role, ActionReasons.RoleMayNotAct, $"{caller.Name} is a {caller.Role.Name()} here and may look only: ask an operator.")
            : breakGlass && !caller.Role.MayBreakGlass() ? new Refusal(RefusalKind.Role, ActionReasons.RoleNotBreakGlass, $"{caller.Name} is {caller.Role.Name()}, not break-glass: sign in with a break-glass link.")
            : open.Count == 0 ? new Refusal(RefusalKind.Over, ActionReasons.NoOpenChange, "No node has this change open any more.")
            : (await contexts.ReadAsync(record.Plan.Request, caller, why, record.Id, ct)) is { ReadOnly: true }
                ? new Refusal(RefusalKind.Guard, ActionReasons.ReadOnly, "This console is set to read only (Actions:ReadOnly): the nodes set it back by themselves at their time.")
            : null;
        if (refusal is not null)
            return await RefuseAsync(record, caller, refusal, ct);
        string revertId = $"revert-{Guid.CreateVersion7():N}";
        if (breakGlass)
            LogBreakGlass(caller.Name, record.Id, record.Plan.Request.Target, why);
        var ordered = ActionAudit.Note(record, caller, breakGlass ? "revert-break-glass" : "revert-ordered", $"as {revertId}") with { Why = why, Where = ActionGuard.Names(open.Select(n => n.Node)) };
        if (await UnwrittenAsync(ordered) is { } fault)
            return new ActionAnswer(record, fault);
        return ActionAnswer.Of(await dispatch.RevertAsync(record, new RevertRequest(revertId, why, breakGlass), open, caller));
    }

    private async Task<(IReadOnlyList<FlushPreview> Previews, IReadOnlyList<SettingReading> Readings, List<string> Unanswered)> PreviewNodesAsync(
        string id, GuardContext context, CancellationToken ct)
    {
        var nodes = context.Nodes.Where(n => n.Connected).Select(n => n.Name).ToList();
        if (context.Request.Kind == ActionKind.Flush)
        {
            var request = new PreviewRequest(id, context.Request.Target, contexts.Statement(context.Request.Target), context.Request.Preset!.Value, context.Request.Scope);
            var previews = await Task.WhenAll(nodes.Select(node => collectors.PreviewAsync(node, request, ct)));
            return ([.. previews.Where(a => a.Value is not null).Select(a => a.Value!)], [], [.. previews.Where(a => a.Value is null).Select(a => a.Node)]);
        }

        var question = new SettingRequest(id, context.Request.Target, context.Request.Value!);
        var readings = await Task.WhenAll(nodes.Select(node => collectors.ReadSettingAsync(node, question, ct)));
        return ([], [.. readings.Where(a => a.Value is not null).Select(a => a.Value!)], [.. readings.Where(a => a.Value is null).Select(a => a.Node)]);
    }

    // The same guards as at the preview, on a fresh context. The caller is whoever acts now; an approval replaces the demand for one.
    private async Task<(GuardVerdict Verdict, Refusal? Refusal)> CheckAsync(
        ActionRecord record, ActionState expected, string? digest, Principal caller, string reason, CancellationToken ct)
    {
        var plan = record.Plan;
        var context = contexts.With(await contexts.ReadAsync(plan.Request, caller, reason, plan.Id, ct), plan.Previews, plan.Readings, plan.Silent) with { Asker = plan.AskedBy };
        // The requester keeps break-glass even where the approver does not have that role.
        if (expected == ActionState.Waiting)
            context = context with { Request = plan.Request with { BreakGlass = false } };
        var verdict = ActionGuard.Check(context);
        return (verdict, this switch
        {
            _ when record.State != expected => record.State is ActionState.Expired or ActionState.Previewed or ActionState.Waiting ? Expired
                : new Refusal(RefusalKind.Over, ActionReasons.WrongState, $"It is {record.State} already. {record.Sentence}".Trim()),
            _ when NowMs >= record.ExpiresMs => Expired,
            _ when !Same(digest, plan.Digest) => new Refusal(RefusalKind.Guard, ActionReasons.DigestMismatch, "What was confirmed is not what was shown: make a new preview."),
            _ when verdict.Decision == GuardDecision.Refuse => Refusal.Of(verdict),
            // A guard that demands more than at the preview: the user has never seen why.
            _ when verdict.Decision > plan.Verdict.Decision => new Refusal(RefusalKind.Guard, ActionReasons.ChangedSincePreview, $"{verdict.Sentence} This was not so at the preview: make a new one."),
            _ when context.Owner.Name != plan.Owner.Name => new Refusal(RefusalKind.Guard, ActionReasons.OwnerChanged,
                $"{plan.Request.Target} was {plan.Owner.Name ?? "nobody"}'s at the preview, and {context.Owner.Name ?? "nobody"} had it since: make a new one."),
            // The only allowed change: the same pod has ended since.
            _ when context.Owner.State != plan.Owner.State && context.Owner.State != OwnerState.Gone =>
                new Refusal(RefusalKind.Guard, ActionReasons.OwnerChanged, $"{plan.Request.Target} was {plan.Owner.State} at the preview and is {context.Owner.State} now: make a new one."),
            _ => null,
        });
    }

    private async Task<ActionAnswer> RunAsync(ActionRecord record, ActionState from, Principal caller, GuardVerdict verdict, CancellationToken ct)
    {
        using var carrying = store.BeginExecution(record.Id);
        // Of two clicks at the same time one wins.
        if (await store.MoveAsync(record with { State = ActionState.Approved }, from, ct) is not { } approved)
            return await RefuseAsync(record, caller, Expired, ct);
        Refusal? fault = null;
        if (record.Plan.Request.BreakGlass)
        {
            LogBreakGlass(caller.Name, record.Id, record.Plan.Request.Target, record.Reason);
            fault = await UnwrittenAsync(ActionAudit.Note(approved, caller, "break-glass", $"BREAK-GLASS: without a second person. {verdict.Sentence}", verdict.Code));
        }

        fault ??= await UnwrittenAsync(ActionAudit.Note(approved, caller, "approved", verdict.Sentence, verdict.Code));
        if (fault is not null)
        {
            var failed = await store.MoveAsync(approved with { State = ActionState.Failed, Sentence = AuditFault, Code = ActionReasons.AuditUnavailable }, ActionState.Approved, CancellationToken.None);
            return new ActionAnswer(failed ?? approved, fault);
        }

        return ActionAnswer.Of(await dispatch.RunAsync(approved, caller));
    }

    // The audit row comes before the effect; without the row there is no effect.
    private async Task<Refusal?> UnwrittenAsync(AuditNote note)
    {
        try
        {
            await audit.WriteAsync(note, CancellationToken.None);
            return null;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            LogNoAudit(e, note.ActionId);
            return new Refusal(RefusalKind.Fault, ActionReasons.AuditUnavailable, AuditFault);
        }
    }

    private async Task<ActionAnswer> RefuseAsync(ActionRecord record, Principal caller, Refusal refusal, CancellationToken ct)
    {
        await audit.WriteAsync(ActionAudit.Note(record, caller, "refused", refusal.Sentence, refusal.Code), ct);
        return new ActionAnswer(record, refusal);
    }

    private async Task<ActionAnswer> NoSuchAsync(string? id, Principal caller, string step, CancellationToken ct)
    {
        const string sentence = "There is no such action, or it is not yours to decide: make a new preview.";
        string named = ActionFormatter.Short(id, 60);
        await audit.WriteAsync(
            new AuditNote(ActionFormatter.Short(caller.Name), caller.Address, "action.refused", null, null, $"tried to {step} it", null, null, sentence, null, named)
            {
                Session = caller.Session, Roles = caller.Role.Name(), Code = ActionReasons.NotFound,
            }, ct);
        return ActionAnswer.No(RefusalKind.NotFound, ActionReasons.NotFound, sentence);
    }

    private static bool Same(string? digest, string expected) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(digest ?? ""), Encoding.UTF8.GetBytes(expected));

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    [LoggerMessage(Level = LogLevel.Error, Message = "The audit log could not be written for action {ActionId}.")]
    private partial void LogNoAudit(Exception e, string actionId);

    [LoggerMessage(Level = LogLevel.Critical, Message = "BREAK-GLASS: {Who} carries out {ActionId} on {Target} without a second person. Reason: {Reason}")]
    private partial void LogBreakGlass(string who, string actionId, string target, string reason);
}
