using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using ConntrackConsole.Audit;
using ConntrackConsole.Identity;
using ConntrackConsole.Ingest;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions;

/// <summary>
/// Where every dangerous act goes through: audit, preview, guards, confirmation or a second person, guards again, audit,
/// orders, audit. Pages, API and nothing else come here; a person is known anew at each step.
/// </summary>
public sealed partial class ActionDesk(
    ActionStore store, WorldReader worlds, CollectorLink collectors, ActionAudit audit, ActionDispatch dispatch, TimeProvider time, ILogger<ActionDesk> log)
{
    /// <summary>How long what was shown may be confirmed by who asked.</summary>
    public static readonly TimeSpan ConfirmLife = TimeSpan.FromSeconds(60);

    /// <summary>How long a second person may approve it; the nodes keep their lists for as long.</summary>
    public static readonly TimeSpan ApprovalLife = TimeSpan.FromMinutes(15);

    private const int MostPreviewsAMinute = 30;
    private const string ExpiredWords = "This preview is no longer valid (60 s, once; 15 min for a second person): make a new one.";
    private const string AuditFault = "The audit log cannot be written, so nothing was sent: mend the database's disk or rights first.";

    private readonly ConcurrentDictionary<string, Queue<long>> _asked = new();

    /// <summary>Asks the nodes what would happen, and says whether it may. Writes the audit rows first and after.</summary>
    public async Task<ActionAnswer> AskAsync(ActionAsk ask, Caller caller, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(ask);
        ArgumentNullException.ThrowIfNull(caller);
        // JSON can say null where the type cannot.
        ask = ask with { Nodes = [.. (ask.Nodes ?? []).Select(n => n ?? "")] };
        long startedMs = NowMs;
        string id = $"{ActionAudit.Word(ask.Kind)}-{Guid.CreateVersion7():N}";
        int crowd = Crowd(caller.Name);
        // Told once a minute and person: a loop must not fill the audit log.
        if (crowd > MostPreviewsAMinute)
        {
            var crowded = GuardVerdict.Refuse($"More than {MostPreviewsAMinute} previews in a minute: each asks every node, so wait a little.");
            return crowd == MostPreviewsAMinute + 1 ? await RefuseAsync(crowded) : ActionAnswer.No(RefusalKind.Guard, crowded.Sentence);
        }

        await audit.WriteAsync(ActionAudit.Note(id, ask, caller, "requested", ask.BreakGlass ? "asked, with break-glass" : "asked"), ct);

        // Nothing to ask the nodes for where the owner alone decides.
        // At the preview the reason may still be to be written; a blank one is refused at the confirmation.
        var world = await worlds.ReadAsync(ask, caller, string.IsNullOrWhiteSpace(ask.Reason) ? "(asked for at the confirmation)" : ask.Reason, id, ct);
        var verdict = ActionGuard.Check(world);
        if (verdict.Decision == GuardDecision.Refuse)
            return await RefuseAsync(verdict);
        var (previews, readings, unanswered) = await LookAsync(id, world, ct);
        world = worlds.With(world, previews, readings, unanswered);
        verdict = ActionGuard.Check(world);

        bool second = verdict.Decision == GuardDecision.NeedsApproval;
        long expiresMs = startedMs + (long)(second ? ApprovalLife : ConfirmLife).TotalMilliseconds;
        var plan = new ActionPlan(
            id, world.Ask, caller.Name, startedMs, verdict, ActionWords.Digest(id, world.Ask, previews, readings),
            previews.Where(p => p.Refusal is null).Select(p => p.ExpiresAtMs).Append(expiresMs).Min())
        {
            Session = caller.Session, Previews = previews, Readings = readings, Silent = world.Silent,
            Owner = new PlanOwner(world.Owner.State, world.Owner.Name, world.Owner.SinceMs),
            SuggestedReason = ask.Kind == ActionKind.Flush ? ActionWords.SuggestedReason(ask.Target, world.Owner, previews) : "",
            ExpectedWithinS = ActionWords.ExpectedWithinS(world.Owner, previews, startedMs),
        };
        bool refused = verdict.Decision == GuardDecision.Refuse;
        var record = new ActionRecord(plan, refused ? ActionState.Refused : ActionState.Previewed, NowMs)
        {
            Reason = ActionWords.Short(ask.Reason), Sentence = refused ? verdict.Sentence : "",
        };
        await audit.WriteAsync(ActionAudit.Note(record, caller, refused ? "refused" : "previewed", verdict.Sentence) with { DurationMs = NowMs - startedMs }, ct);
        await store.AddAsync(record, ct);
        return refused ? ActionAnswer.No(KindOf(verdict), verdict.Sentence, record) : ActionAnswer.Of(record);

        async Task<ActionAnswer> RefuseAsync(GuardVerdict why)
        {
            await audit.WriteAsync(ActionAudit.Note(id, ask, caller, "refused", why.Sentence) with { DurationMs = NowMs - startedMs }, ct);
            return ActionAnswer.No(KindOf(why), why.Sentence);
        }
    }

    /// <summary>Does exactly what was shown under this digest, once, if the guards still agree; or asks for a second person.</summary>
    /// <remarks>After the orders are sent nothing here can be cancelled: the outcome must reach the audit log.</remarks>
    public async Task<ActionAnswer> ConfirmAsync(string? id, string? digest, string? typed, string? reason, Caller caller, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(caller);
        // Another person's preview was on another person's screen.
        if (await store.FindAsync(id, ct) is not { } found || found.Plan.AskedBy != caller.Name)
            return await NoSuchAsync(id, caller, "confirm", ct);
        var record = found with { Reason = ActionWords.Short(reason) };
        var (verdict, refusal) = await CheckAsync(record, ActionState.Previewed, digest, caller, record.Reason, ct);
        refusal ??= verdict.TypeToConfirm is { } expected && typed?.Trim() != expected ? new Refusal(RefusalKind.Guard, $"To confirm, type {expected}.") : null;
        if (refusal is not null)
            return await RefuseAsync(record, caller, refusal, ct);

        if (verdict.Decision == GuardDecision.NeedsApproval)
        {
            if (await UnwrittenAsync(ActionAudit.Note(record, caller, "waiting", $"A second person is needed: {verdict.Sentence}")) is { } fault)
                return new ActionAnswer(found, fault);
            return await store.MoveAsync(record with { State = ActionState.Waiting }, ActionState.Previewed, ct) is { } waiting
                ? ActionAnswer.Of(waiting)
                : await RefuseAsync(found, caller, new Refusal(RefusalKind.Over, ExpiredWords), ct);
        }

        return await RunAsync(record, ActionState.Previewed, caller, verdict, ct);
    }

    /// <summary>The second person agrees to exactly what was shown to the first.</summary>
    public async Task<ActionAnswer> ApproveAsync(string? id, string? digest, Caller caller, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(caller);
        if (await store.FindAsync(id, ct) is not { State: not ActionState.Previewed } record)
            return await NoSuchAsync(id, caller, "approve", ct);
        Refusal? refusal =
            !caller.Role.MayApprove() ? new Refusal(RefusalKind.Role, $"{caller.Name} is {caller.Role.Name()} here and may not approve: ask an approver.")
            : PersonName.AreSame(record.Plan.AskedBy, caller.Name) || (record.Plan.Session.Length > 0 && record.Plan.Session == caller.Session)
                ? new Refusal(RefusalKind.Role, "Who asked cannot approve: a second person has to look.")
            : null;
        GuardVerdict verdict = record.Plan.Verdict;
        if (refusal is null)
            (verdict, refusal) = await CheckAsync(record, ActionState.Waiting, digest, caller, record.Reason, ct);
        return refusal is not null
            ? await RefuseAsync(record, caller, refusal, ct)
            : await RunAsync(record with { ApprovedBy = caller.Name }, ActionState.Waiting, caller, verdict, ct);
    }

    /// <summary>Takes back what was not carried out yet.</summary>
    public async Task<ActionAnswer> CancelAsync(string? id, Caller caller, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(caller);
        if (await store.FindAsync(id, ct) is not { } record || (record.Plan.AskedBy != caller.Name && !caller.Role.MayApprove()))
            return await NoSuchAsync(id, caller, "cancel", ct);
        if (!record.IsOpen)
            return await RefuseAsync(record, caller, new Refusal(RefusalKind.Over, $"It is {record.State} already: what was sent cannot be taken back."), ct);
        if (await store.MoveAsync(record with { State = ActionState.Cancelled, Sentence = $"Cancelled by {caller.Name}; nothing was sent." }, record.State, ct) is not { } cancelled)
            return await RefuseAsync(record, caller, new Refusal(RefusalKind.Over, "Somebody was faster: look at what it is now."), ct);
        await audit.WriteAsync(ActionAudit.Note(cancelled, caller, "cancelled", "nothing was sent"), ct);
        return ActionAnswer.Of(cancelled);
    }

    /// <summary>Sets a change back now, on every node where it is open.</summary>
    /// <param name="breakGlass">Also where a node has withheld it.</param>
    public async Task<ActionAnswer> RevertAsync(string? id, string? reason, bool breakGlass, Caller caller, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(caller);
        if (await store.FindAsync(id, ct) is not { Plan.Ask.Kind: ActionKind.Setting } record)
            return await NoSuchAsync(id, caller, "revert", ct);
        string why = ActionWords.Short(reason) is { Length: > 0 } given ? given : "set back by hand";
        var open = record.Nodes.Where(n => n.IsOpenChange).ToList();
        Refusal? refusal =
            !caller.Role.MayAct() ? new Refusal(RefusalKind.Role, $"{caller.Name} is a {caller.Role.Name()} here and may look only: ask an operator.")
            : breakGlass && !caller.Role.MayBreakGlass() ? new Refusal(RefusalKind.Role, $"{caller.Name} is {caller.Role.Name()}, not break-glass: sign in with a break-glass link.")
            : open.Count == 0 ? new Refusal(RefusalKind.Over, "No node has this change open any more.")
            : (await worlds.ReadAsync(record.Plan.Ask, caller, why, record.Id, ct)) is { ReadOnly: true }
                ? new Refusal(RefusalKind.Guard, "This console is set to read only (Actions:ReadOnly): the nodes set it back by themselves at their time.")
            : null;
        if (refusal is not null)
            return await RefuseAsync(record, caller, refusal, ct);
        string revertId = $"revert-{Guid.CreateVersion7():N}";
        if (breakGlass)
            LogBreakGlass(caller.Name, record.Id, record.Plan.Ask.Target, why);
        var ordered = ActionAudit.Note(record, caller, breakGlass ? "revert-break-glass" : "revert-ordered", $"as {revertId}") with { Why = why, Where = ActionGuard.Names(open.Select(n => n.Node)) };
        if (await UnwrittenAsync(ordered) is { } fault)
            return new ActionAnswer(record, fault);
        return ActionAnswer.Of(await dispatch.RevertAsync(record, new RevertAsk(revertId, why, breakGlass), open, caller));
    }

    private async Task<(IReadOnlyList<FlushPreview> Previews, IReadOnlyList<SettingReading> Readings, List<string> Unanswered)> LookAsync(
        string id, ActionWorld world, CancellationToken ct)
    {
        var nodes = world.Nodes.Where(n => n.Connected).Select(n => n.Name).ToList();
        if (world.Ask.Kind == ActionKind.Flush)
        {
            var request = new PreviewRequest(id, world.Ask.Target, worlds.Statement(world.Ask.Target), world.Ask.Preset!.Value, world.Ask.Scope);
            var previews = await Task.WhenAll(nodes.Select(node => collectors.PreviewAsync(node, request, ct)));
            return ([.. previews.Where(a => a.Value is not null).Select(a => a.Value!)], [], [.. previews.Where(a => a.Value is null).Select(a => a.Node)]);
        }

        var question = new SettingRequest(id, world.Ask.Target, world.Ask.Value!);
        var readings = await Task.WhenAll(nodes.Select(node => collectors.ReadSettingAsync(node, question, ct)));
        return ([], [.. readings.Where(a => a.Value is not null).Select(a => a.Value!)], [.. readings.Where(a => a.Value is null).Select(a => a.Node)]);
    }

    // The same guards as at the preview, on the world of now. Their caller is who acts; a second person's word stands for the approval.
    private async Task<(GuardVerdict Verdict, Refusal? Refusal)> CheckAsync(
        ActionRecord record, ActionState expected, string? digest, Caller caller, string reason, CancellationToken ct)
    {
        var plan = record.Plan;
        var world = worlds.With(await worlds.ReadAsync(plan.Ask, caller, reason, plan.Id, ct), plan.Previews, plan.Readings, plan.Silent) with { Asker = plan.AskedBy };
        // What was granted to who asked is not lost because an approver has no such role.
        if (expected == ActionState.Waiting)
            world = world with { Ask = plan.Ask with { BreakGlass = false } };
        var verdict = ActionGuard.Check(world);
        return (verdict, this switch
        {
            _ when record.State != expected => new Refusal(RefusalKind.Over, record.State is ActionState.Expired or ActionState.Previewed or ActionState.Waiting ? ExpiredWords : $"It is {record.State} already. {record.Sentence}".Trim()),
            _ when NowMs >= record.ExpiresMs => new Refusal(RefusalKind.Over, ExpiredWords),
            _ when !Same(digest, plan.Digest) => new Refusal(RefusalKind.Guard, "What was confirmed is not what was shown: make a new preview."),
            _ when verdict.Decision == GuardDecision.Refuse => new Refusal(KindOf(verdict), verdict.Sentence),
            // The world may have grown more doubtful since: then the doubt was never on the screen.
            _ when verdict.Decision > plan.Verdict.Decision => new Refusal(RefusalKind.Guard, $"{verdict.Sentence} This was not so at the preview: make a new one."),
            _ when world.Owner.Name != plan.Owner.Name => new Refusal(RefusalKind.Guard,
                $"{plan.Ask.Target} was {plan.Owner.Name ?? "nobody"}'s at the preview, and {world.Owner.Name ?? "nobody"} had it since: make a new one."),
            // Only for the better: the same pod has ended since.
            _ when world.Owner.State != plan.Owner.State && world.Owner.State != OwnerState.Gone =>
                new Refusal(RefusalKind.Guard, $"{plan.Ask.Target} was {plan.Owner.State} at the preview and is {world.Owner.State} now: make a new one."),
            _ => null,
        });
    }

    private async Task<ActionAnswer> RunAsync(ActionRecord record, ActionState from, Caller caller, GuardVerdict verdict, CancellationToken ct)
    {
        using var carrying = store.Carry(record.Id);
        // Two clicks at the same time: one of them takes it.
        if (await store.MoveAsync(record with { State = ActionState.Approved }, from, ct) is not { } approved)
            return await RefuseAsync(record, caller, new Refusal(RefusalKind.Over, ExpiredWords), ct);
        Refusal? fault = null;
        if (record.Plan.Ask.BreakGlass)
        {
            LogBreakGlass(caller.Name, record.Id, record.Plan.Ask.Target, record.Reason);
            fault = await UnwrittenAsync(ActionAudit.Note(approved, caller, "break-glass", $"BREAK-GLASS: without a second person. {verdict.Sentence}"));
        }

        fault ??= await UnwrittenAsync(ActionAudit.Note(approved, caller, "approved", verdict.Sentence));
        if (fault is not null)
        {
            var failed = await store.MoveAsync(approved with { State = ActionState.Failed, Sentence = AuditFault }, ActionState.Approved, CancellationToken.None);
            return new ActionAnswer(failed ?? approved, fault);
        }

        return ActionAnswer.Of(await dispatch.RunAsync(approved, caller));
    }

    // The row goes before the effect: without it there is none.
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
            return new Refusal(RefusalKind.Fault, AuditFault);
        }
    }

    private async Task<ActionAnswer> RefuseAsync(ActionRecord record, Caller caller, Refusal refusal, CancellationToken ct)
    {
        await audit.WriteAsync(ActionAudit.Note(record, caller, "refused", refusal.Sentence), ct);
        return new ActionAnswer(record, refusal);
    }

    private async Task<ActionAnswer> NoSuchAsync(string? id, Caller caller, string step, CancellationToken ct)
    {
        const string sentence = "There is no such action, or it is not yours to decide: make a new preview.";
        string named = ActionWords.Short(id, 60);
        await audit.WriteAsync(
            new AuditNote(ActionWords.Short(caller.Name), caller.Address, "action.refused", null, null, $"tried to {step} it", null, null, sentence, null, named)
            {
                Session = caller.Session, Roles = caller.Role.Name(),
            }, ct);
        return ActionAnswer.No(RefusalKind.NotFound, sentence);
    }

    // How many previews somebody has asked for in the last minute, this one among them.
    private int Crowd(string who)
    {
        long nowMs = NowMs;
        var asked = _asked.GetOrAdd(who, _ => new Queue<long>());
        lock (asked)
        {
            while (asked.TryPeek(out long oldest) && oldest < nowMs - 60_000)
                asked.Dequeue();
            if (asked.Count <= MostPreviewsAMinute + 1)
                asked.Enqueue(nowMs);
            return asked.Count;
        }
    }

    private static RefusalKind KindOf(GuardVerdict verdict) => verdict.OfRole ? RefusalKind.Role : RefusalKind.Guard;

    private static bool Same(string? digest, string expected) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(digest ?? ""), Encoding.UTF8.GetBytes(expected));

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    [LoggerMessage(Level = LogLevel.Error, Message = "The audit log could not be written for action {ActionId}.")]
    private partial void LogNoAudit(Exception e, string actionId);

    [LoggerMessage(Level = LogLevel.Critical, Message = "BREAK-GLASS: {Who} carries out {ActionId} on {Target} without a second person. Reason: {Reason}")]
    private partial void LogBreakGlass(string who, string actionId, string target, string reason);
}
