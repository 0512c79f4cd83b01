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
internal sealed partial class ActionService(
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
    public async Task<ActionAnswer> RequestAsync(ActionRequest request, Principal principal, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(principal);
        // Deserialized JSON may contain null where the type does not allow it.
        request = request with { Nodes = [.. (request.Nodes ?? []).Select(n => n ?? "")] };
        long startedMs = NowMs;
        string id = $"{ActionAudit.KindName(request.Kind)}-{Guid.CreateVersion7():N}";
        if (!rate.TryAcquire(principal.Name))
        {
            var limited = GuardVerdict.Refuse(ActionReasons.PreviewRateLimited, $"More than {PreviewRateLimiter.MaxPerMinute} previews in a minute: each preview queries every node. Wait a moment and try again.");
            return rate.TryAcquireRefusal(principal.Name) ? await RefuseAsync(limited) : ActionAnswer.No(Refusal.Of(limited));
        }

        await audit.WriteAsync(ActionAudit.Note(id, request, principal, "requested", request.BreakGlass ? "requested, with break-glass" : "requested"), ct);

        // No node is queried where the owner of the address alone decides.
        // The reason may follow at the confirmation, where a blank one is refused.
        var context = await contexts.ReadAsync(request, principal, string.IsNullOrWhiteSpace(request.Reason) ? "(reason supplied on confirmation)" : request.Reason, id, ct);
        var verdict = ActionGuard.Check(context);
        if (verdict.Decision == GuardDecision.Refuse)
            return await RefuseAsync(verdict);
        var (previews, readings, unanswered) = await PreviewNodesAsync(id, context, ct);
        context = contexts.With(context, previews, readings, unanswered);
        verdict = ActionGuard.Check(context);

        bool second = verdict.Decision == GuardDecision.NeedsApproval;
        long expiresMs = startedMs + (long)(second ? ApprovalTtl : ConfirmTtl).TotalMilliseconds;
        var plan = new ActionPlan(
            id, context.Request, principal.Name, startedMs, verdict, ActionFormatter.Digest(id, context.Request, previews, readings),
            previews.Where(p => p.Refusal is null).Select(p => p.ExpiresAtMs).Append(expiresMs).Min())
        {
            Session = principal.Session, Previews = previews, Readings = readings, Silent = context.Silent,
            Owner = new PlanOwner(context.Owner.State, context.Owner.Name, context.Owner.SinceMs),
            SuggestedReason = request.Kind == ActionKind.Flush ? ActionFormatter.SuggestedReason(request.Target, context.Owner, previews) : "",
        };
        bool refused = verdict.Decision == GuardDecision.Refuse;
        var record = new ActionRecord(plan, refused ? ActionState.Refused : ActionState.Previewed, NowMs)
        {
            Reason = ActionFormatter.Short(request.Reason), Message = refused ? verdict.Message : "", Code = refused ? verdict.Code : null,
        };
        await audit.WriteAsync(ActionAudit.Note(record, principal, refused ? "refused" : "previewed", verdict.Message, verdict.Code) with { DurationMs = NowMs - startedMs }, ct);
        await store.AddAsync(record, ct);
        return refused ? ActionAnswer.No(Refusal.Of(verdict), record) : ActionAnswer.Of(record);

        async Task<ActionAnswer> RefuseAsync(GuardVerdict why)
        {
            await audit.WriteAsync(ActionAudit.Note(id, request, principal, "refused", why.Message, why.Code) with { DurationMs = NowMs - startedMs }, ct);
            return ActionAnswer.No(Refusal.Of(why));
        }
    }

    /// <summary>Executes exactly what was previewed under this digest, once, if the guards still allow it; or requests an approval.</summary>
    /// <remarks>Once the node commands are sent nothing is cancelled: the outcome must reach the audit log.</remarks>
    public async Task<ActionAnswer> ConfirmAsync(string? id, string? digest, string? typed, string? reason, Principal principal, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(principal);
        // A user can confirm only their own preview: no other user has seen it.
        if (await store.FindAsync(id, ct) is not { } found || !PersonName.AreSame(found.Plan.RequestedBy, principal.Name))
            return await NotFoundAsync(id, principal, "confirm", ct);
        var record = found with { Reason = ActionFormatter.Short(reason) };
        var (verdict, refusal) = await CheckAsync(record, ActionState.Previewed, digest, principal, record.Reason, ct);
        refusal ??= verdict.TypeToConfirm is { } expected && typed?.Trim() != expected ? new Refusal(RefusalKind.Guard, ActionReasons.TypedConfirmation, $"To confirm, type {expected}.") : null;
        if (refusal is not null)
            return await RefuseAsync(record, principal, refusal, ct);

        if (verdict.Decision == GuardDecision.NeedsApproval)
        {
            if (await TryWriteAsync(ActionAudit.Note(record, principal, "waiting", $"The approval of a second person is required: {verdict.Message}", verdict.Code)) is { } fault)
                return new ActionAnswer(found, fault);
            return await store.MoveAsync(record with { State = ActionState.Waiting }, ActionState.Previewed, ct) is { } waiting
                ? ActionAnswer.Of(waiting)
                : await RefuseAsync(found, principal, Expired, ct);
        }

        return await RunAsync(record, ActionState.Previewed, principal, verdict, ct);
    }

    /// <summary>A second person approves exactly what was previewed.</summary>
    public async Task<ActionAnswer> ApproveAsync(string? id, string? digest, Principal principal, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(principal);
        if (await store.FindAsync(id, ct) is not { State: not ActionState.Previewed } record)
            return await NotFoundAsync(id, principal, "approve", ct);
        Refusal? refusal =
            !principal.Role.MayApprove() ? new Refusal(RefusalKind.Role, ActionReasons.RoleMayNotApprove, $"{principal.Name} is {principal.Role.Name()} here and may not approve actions: ask an approver.")
            : PersonName.AreSame(record.Plan.RequestedBy, principal.Name) || (record.Plan.Session.Length > 0 && record.Plan.Session == principal.Session)
                ? new Refusal(RefusalKind.Role, ActionReasons.OwnApproval, "The requester cannot approve their own action: ask another approver.")
            : null;
        GuardVerdict verdict = record.Plan.Verdict;
        if (refusal is null)
            (verdict, refusal) = await CheckAsync(record, ActionState.Waiting, digest, principal, record.Reason, ct);
        return refusal is not null
            ? await RefuseAsync(record, principal, refusal, ct)
            : await RunAsync(record with { ApprovedBy = principal.Name }, ActionState.Waiting, principal, verdict, ct);
    }

    /// <summary>Cancels an action that was not executed yet.</summary>
    public async Task<ActionAnswer> CancelAsync(string? id, Principal principal, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(principal);
        if (await store.FindAsync(id, ct) is not { } record || (!PersonName.AreSame(record.Plan.RequestedBy, principal.Name) && !principal.Role.MayApprove()))
            return await NotFoundAsync(id, principal, "cancel", ct);
        if (!record.IsOpen)
            return await RefuseAsync(record, principal, new Refusal(RefusalKind.Over, ActionReasons.WrongState, $"The action is already {record.State}: commands that were sent cannot be cancelled."), ct);
        if (await store.MoveAsync(record with { State = ActionState.Cancelled, Message = $"Cancelled by {principal.Name}; nothing was sent.", Code = ActionReasons.Cancelled }, record.State, ct) is not { } cancelled)
            return await RefuseAsync(record, principal, new Refusal(RefusalKind.Over, ActionReasons.Conflict, "The action was changed by someone else; reload it."), ct);
        await audit.WriteAsync(ActionAudit.Note(cancelled, principal, "cancelled", "nothing was sent", ActionReasons.Cancelled), ct);
        return ActionAnswer.Of(cancelled);
    }

    /// <summary>Reverts a change now, on every node where it is open.</summary>
    /// <param name="breakGlass">Also where a node withholds the revert.</param>
    public async Task<ActionAnswer> RevertAsync(string? id, string? reason, bool breakGlass, Principal principal, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(principal);
        if (await store.FindAsync(id, ct) is not { Plan.Request.Kind: ActionKind.Setting } record)
            return await NotFoundAsync(id, principal, "revert", ct);
        string why = ActionFormatter.Short(reason) is { Length: > 0 } given ? given : "reverted manually";
        var open = record.Nodes.Where(n => n.IsOpenChange).ToList();
        Refusal? refusal =
            !principal.Role.MayAct() ? new Refusal(RefusalKind.Role, ActionReasons.RoleMayNotAct, $"{principal.Name} is a {principal.Role.Name()} here and has read-only access: ask an operator.")
            : breakGlass && !principal.Role.MayBreakGlass() ? new Refusal(RefusalKind.Role, ActionReasons.RoleNotBreakGlass, $"{principal.Name} is {principal.Role.Name()}, not break-glass: sign in with a break-glass link.")
            : open.Count == 0 ? new Refusal(RefusalKind.Over, ActionReasons.NoOpenChange, "No node has this change open.")
            : (await contexts.ReadAsync(record.Plan.Request, principal, why, record.Id, ct)) is { ReadOnly: true }
                ? new Refusal(RefusalKind.Guard, ActionReasons.ReadOnly, "This console is read-only (Actions:ReadOnly): nodes revert the change automatically when it expires.")
            : null;
        if (refusal is not null)
            return await RefuseAsync(record, principal, refusal, ct);
        string revertId = $"revert-{Guid.CreateVersion7():N}";
        if (breakGlass)
            LogBreakGlass(principal.Name, record.Id, record.Plan.Request.Target, why);
        var row = ActionAudit.Note(record, principal, breakGlass ? "revert-break-glass" : "revert-ordered", $"as {revertId}") with { Why = why, Where = ActionGuard.Names(open.Select(n => n.Node)) };
        if (await TryWriteAsync(row) is { } fault)
            return new ActionAnswer(record, fault);
        return ActionAnswer.Of(await dispatch.RevertAsync(record, new RevertRequest(revertId, why, breakGlass), open, principal));
    }

    private async Task<(IReadOnlyList<FlushPreview> Previews, IReadOnlyList<SettingReading> Readings, List<string> Unanswered)> PreviewNodesAsync(
        string id, GuardContext context, CancellationToken ct)
    {
        var nodes = context.Nodes.Where(n => n.Connected).Select(n => n.Name).ToList();
        if (context.Request.Kind == ActionKind.Flush)
        {
            var request = new PreviewRequest(id, context.Request.Target, contexts.Statement(context.Request), context.Request.Preset!.Value, context.Request.Scope);
            var previews = await Task.WhenAll(nodes.Select(node => collectors.PreviewAsync(node, request, ct)));
            return ([.. previews.Where(a => a.Value is not null).Select(a => a.Value!)], [], [.. previews.Where(a => a.Value is null).Select(a => a.Node)]);
        }

        var query = new SettingRequest(id, context.Request.Target, context.Request.Value!);
        var readings = await Task.WhenAll(nodes.Select(node => collectors.ReadSettingAsync(node, query, ct)));
        return ([], [.. readings.Where(a => a.Value is not null).Select(a => a.Value!)], [.. readings.Where(a => a.Value is null).Select(a => a.Node)]);
    }

    // The same guards as at the preview, on a new context. The principal is the user who acts now; an approval satisfies the requirement for one.
    private async Task<(GuardVerdict Verdict, Refusal? Refusal)> CheckAsync(
        ActionRecord record, ActionState expected, string? digest, Principal principal, string reason, CancellationToken ct)
    {
        var plan = record.Plan;
        var context = contexts.With(await contexts.ReadAsync(plan.Request, principal, reason, plan.Id, ct), plan.Previews, plan.Readings, plan.Silent) with { RequestedBy = plan.RequestedBy };
        // The requester keeps break-glass even where the approver does not have that role.
        if (expected == ActionState.Waiting)
            context = context with { Request = plan.Request with { BreakGlass = false } };
        var verdict = ActionGuard.Check(context);
        return (verdict, this switch
        {
            _ when record.State != expected => record.State is ActionState.Expired or ActionState.Previewed or ActionState.Waiting ? Expired
                : new Refusal(RefusalKind.Over, ActionReasons.WrongState, $"The action is already {record.State}. {record.Message}".Trim()),
            _ when NowMs >= record.ExpiresMs => Expired,
            _ when !Same(digest, plan.Digest) => new Refusal(RefusalKind.Guard, ActionReasons.DigestMismatch, "The confirmed digest does not match the preview: make a new preview."),
            _ when verdict.Decision == GuardDecision.Refuse => Refusal.Of(verdict),
            // A guard requires more than at the preview, and the user has not seen why.
            _ when verdict.Decision > plan.Verdict.Decision => new Refusal(RefusalKind.Guard, ActionReasons.ChangedSincePreview, $"{verdict.Message} This has changed since the preview: make a new one."),
            _ when context.Owner.Name != plan.Owner.Name => new Refusal(RefusalKind.Guard, ActionReasons.OwnerChanged,
                $"The owner of {plan.Request.Target} has changed from {plan.Owner.Name ?? "none"} to {context.Owner.Name ?? "none"} since the preview: make a new one."),
            // The only allowed change: the same pod has ended since.
            _ when context.Owner.State != plan.Owner.State && context.Owner.State != OwnerState.Gone =>
                new Refusal(RefusalKind.Guard, ActionReasons.OwnerChanged, $"{plan.Request.Target} was {plan.Owner.State} at the preview and is {context.Owner.State} now: make a new one."),
            _ => null,
        });
    }

    private async Task<ActionAnswer> RunAsync(ActionRecord record, ActionState from, Principal principal, GuardVerdict verdict, CancellationToken ct)
    {
        using var execution = store.BeginExecution(record.Id);
        // Only one of two simultaneous confirmations succeeds.
        if (await store.MoveAsync(record with { State = ActionState.Approved }, from, ct) is not { } approved)
            return await RefuseAsync(record, principal, Expired, ct);
        Refusal? fault = null;
        if (record.Plan.Request.BreakGlass)
        {
            LogBreakGlass(principal.Name, record.Id, record.Plan.Request.Target, record.Reason);
            fault = await TryWriteAsync(ActionAudit.Note(approved, principal, "break-glass", $"BREAK-GLASS: executed without a second person. {verdict.Message}", verdict.Code));
        }

        fault ??= await TryWriteAsync(ActionAudit.Note(approved, principal, "approved", verdict.Message, verdict.Code));
        if (fault is not null)
        {
            var failed = await store.MoveAsync(approved with { State = ActionState.Failed, Message = AuditFault, Code = ActionReasons.AuditUnavailable }, ActionState.Approved, CancellationToken.None);
            return new ActionAnswer(failed ?? approved, fault);
        }

        return ActionAnswer.Of(await dispatch.RunAsync(approved, principal));
    }

    // The audit row comes before the effect; without the row there is no effect.
    private async Task<Refusal?> TryWriteAsync(AuditNote note)
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

    private async Task<ActionAnswer> RefuseAsync(ActionRecord record, Principal principal, Refusal refusal, CancellationToken ct)
    {
        await audit.WriteAsync(ActionAudit.Note(record, principal, "refused", refusal.Message, refusal.Code), ct);
        return new ActionAnswer(record, refusal);
    }

    private async Task<ActionAnswer> NotFoundAsync(string? id, Principal principal, string step, CancellationToken ct)
    {
        const string message = "There is no such action, or you are not allowed to decide on it: make a new preview.";
        string shortId = ActionFormatter.Short(id, 60);
        await audit.WriteAsync(
            new AuditNote(ActionFormatter.Short(principal.Name), principal.Address, "action.refused", null, null, $"attempted to {step} it", null, null, message, null, shortId)
            {
                Session = principal.Session, Roles = principal.Role.Name(), Code = ActionReasons.NotFound,
            }, ct);
        return ActionAnswer.No(RefusalKind.NotFound, ActionReasons.NotFound, message);
    }

    private static bool Same(string? digest, string expected) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(digest ?? ""), Encoding.UTF8.GetBytes(expected));

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    [LoggerMessage(Level = LogLevel.Error, Message = "Failed to write to the audit log for action {ActionId}.")]
    private partial void LogNoAudit(Exception e, string actionId);

    [LoggerMessage(Level = LogLevel.Critical, Message = "BREAK-GLASS: {Who} executes {ActionId} on {Target} without a second person. Reason: {Reason}")]
    private partial void LogBreakGlass(string who, string actionId, string target, string reason);
}
