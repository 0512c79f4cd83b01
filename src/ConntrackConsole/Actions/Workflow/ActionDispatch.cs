using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Identity;
using ConntrackConsole.Ingest;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>Sends the commands of an approved action to its nodes, once, and records their answers.</summary>
internal sealed partial class ActionDispatch(
    ActionStore store, GuardContextBuilder contexts, CollectorLink collectors, ActionAudit audit, ActionSettings settings, TimeProvider time, ILogger<ActionDispatch> log)
{
    private const string AuditFailedMessage = "The outcome could not be written to the audit log: record it yourself.";

    /// <summary>Raised when an action has ended here, and when one of its nodes reports a result later.</summary>
    public event Action<ActionRecord>? Ran;

    /// <summary>The only method that sends commands; the audit row of the approval must have been written.</summary>
    public async Task<ActionRecord> RunAsync(ActionRecord approved, Principal principal)
    {
        ArgumentNullException.ThrowIfNull(approved);
        ArgumentNullException.ThrowIfNull(principal);
        long startedMs = NowMs;
        if (await store.MoveAsync(approved with { State = ActionState.Running, StartedMs = startedMs }, ActionState.Approved, CancellationToken.None) is not { } running)
            return approved;
        var plan = running.Plan;
        var outcomes = plan.Request.Kind == ActionKind.Flush ? await FlushAsync(running) : await ApplyAsync(running);
        var nodes = outcomes.Concat(OutcomeSummary.NotContacted(plan)).OrderBy(n => n.Node, StringComparer.Ordinal).ToList();
        var (state, message) = OutcomeSummary.Of(plan.Request.Kind, nodes);
        var ended = running with { State = state, Message = message, Nodes = nodes };
        try
        {
            await audit.WriteAsync(ActionAudit.Outcome(ended, principal, "completed", NowMs - startedMs), CancellationToken.None);
        }
        catch (Exception e)
        {
            // The approved row without an outcome remains visible; the user must know that the action itself was executed.
            LogNoAudit(e, ended.Id);
            ended = ended with { Message = $"{message} {AuditFailedMessage}", Code = ActionReasons.AuditIncomplete };
        }

        ended = await store.MoveAsync(ended, ActionState.Running, CancellationToken.None) ?? ended;
        Ran?.Invoke(ended);
        return ended;
    }

    /// <summary>Reverts an open change on all given nodes.</summary>
    public async Task<ActionRecord> RevertAsync(ActionRecord record, RevertRequest request, IReadOnlyList<NodeResult> open, Principal principal)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(principal);
        long startedMs = NowMs;
        var command = new NodeCommand(request.Id, principal.Name, null, request.Reason, request.BreakGlass, NowMs + (long)CollectorLink.SettingTimeout.TotalMilliseconds);
        var answers = await Task.WhenAll(open.Select(n => collectors.RevertSettingAsync(n.Node, record.Plan.Request.Target, new RevertNodeCommand(command, record.Id))));
        var byNode = answers.ToDictionary(a => a.Node, StringComparer.Ordinal);
        var written = await UpdateNodesAsync(record.Id, n => byNode.GetValueOrDefault(n.Node) is { } answer ? AfterRevert(n, answer) : n) ?? record;
        try
        {
            await audit.WriteAsync(ActionAudit.Outcome(written, principal, "reverted", NowMs - startedMs) with
            {
                Why = request.Reason, Where = ActionGuard.Names(open.Select(n => n.Node)), Before = ActionFormatter.After(record with { Nodes = open }),
                After = ActionFormatter.After(written with { Nodes = [.. written.Nodes.Where(n => byNode.ContainsKey(n.Node))] }),
                Result = written.Message,
            }, CancellationToken.None);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            LogNoAudit(e, record.Id);
            written = written with { Message = $"{written.Message} {AuditFailedMessage}", Code = ActionReasons.AuditIncomplete };
        }

        return written;
    }

    /// <summary>Writes later answers of nodes into a record that has ended, regardless of concurrent writes.</summary>
    /// <returns>The record as written; null if nothing changed.</returns>
    public async Task<ActionRecord?> UpdateNodesAsync(string id, Func<NodeResult, NodeResult> change)
    {
        var written = await store.UpdateAsync(id, record =>
        {
            NodeResult[] nodes = [.. record.Nodes.Select(change)];
            if (nodes.SequenceEqual(record.Nodes))
                return null;
            var (state, message) = OutcomeSummary.Of(record.Plan.Request.Kind, nodes);
            return record with { Nodes = nodes, State = state, Message = message };
        }, CancellationToken.None);
        if (written is not null)
            Ran?.Invoke(written);
        return written;
    }

    // Merges the node's answer about the revert into the result of the change.
    private static NodeResult AfterRevert(NodeResult n, Answer<SettingResult> answer) => answer.Value switch
    {
        // A concurrent revert was faster.
        _ when !n.IsOpenChange => n,
        null => n with
        {
            Message = $"{n.Node} did not answer the revert command ({answer.Failure?.Message}): it reverts the change automatically when it expires.", RefusalCode = answer.Failure?.Code,
        },
        { Outcome: SettingOutcome.Reverted or SettingOutcome.Drifted or SettingOutcome.Void } reverted => n with
        {
            Setting = n.Setting! with { Outcome = reverted.Outcome, Now = reverted.Now, RevertAtMs = null, Message = reverted.Message, Code = reverted.Code }, Message = null, RefusalCode = null,
        },
        { Outcome: SettingOutcome.Withheld or SettingOutcome.Failed or SettingOutcome.Unsure } kept => n with
        {
            Setting = n.Setting! with { Outcome = SettingOutcome.Withheld, Now = kept.Now, RevertAtMs = kept.RevertAtMs ?? n.Setting.RevertAtMs, Message = kept.Message, Code = kept.Code }, Message = null, RefusalCode = null,
        },
        { } refused => n with { Message = $"{n.Node} did not revert the change: {refused.Message}", RefusalCode = refused.Code },
    };

    private async Task<List<NodeResult>> FlushAsync(ActionRecord running)
    {
        var command = Command(running, CollectorLink.FlushTimeout);
        var statement = contexts.Statement(running.Plan.Request);
        var answers = await Task.WhenAll(running.Plan.Previews.Where(p => p.Refusal is null).Select(p =>
            collectors.FlushAsync(p.Node, new FlushNodeCommand(command, running.Id, p.Digest, statement))));
        return [.. answers.Select(a => a switch
        {
            { Value: { Refusal: { } refusal } result } => new NodeResult(a.Node, NodeOutcome.Refused, result, Message: refusal, RefusalCode: result.Code),
            { Value: { } result } => new NodeResult(a.Node, NodeOutcome.Done, result),
            _ => new NodeResult(a.Node, NodeOutcome.Unknown, Message: a.Failure?.Message, RefusalCode: a.Failure?.Code),
        })];
    }

    // The first node is the canary: the others follow once it has kept the value for a while, and the first failure stops the rest.
    private async Task<List<NodeResult>> ApplyAsync(ActionRecord running)
    {
        var outcomes = new List<NodeResult>();
        var readings = running.Plan.Readings;
        for (int i = 0; i < readings.Count; i++)
        {
            var outcome = await ApplyAsync(running, readings[i]);
            if (i == 0 && readings.Count > 1 && OutcomeSummary.Worked(outcome))
                outcome = await WatchCanaryAsync(running, outcome);
            outcomes.Add(outcome);
            if (OutcomeSummary.Worked(outcome) && outcome.Message is null)
                continue;
            outcomes.AddRange(readings.Skip(i + 1).Select(r => new NodeResult(r.Node, NodeOutcome.Stopped)));
            break;
        }

        return outcomes;
    }

    private async Task<NodeResult> ApplyAsync(ActionRecord running, SettingReading reading)
    {
        var request = running.Plan.Request;
        var command = new SettingNodeCommand(Command(running, CollectorLink.SettingTimeout), request.Target, reading.Value!, request.Value!, request.RevertAfterMs!.Value);
        var answer = await collectors.ApplySettingAsync(reading.Node, command);
        return answer switch
        {
            { Value: { Outcome: SettingOutcome.Refused or SettingOutcome.Moved } result } => new NodeResult(answer.Node, NodeOutcome.Refused, Setting: result, Message: result.Message),
            { Value: { } result } => new NodeResult(answer.Node, NodeOutcome.Done, Setting: result),
            _ => new NodeResult(answer.Node, NodeOutcome.Unknown, Message: answer.Failure?.Message, RefusalCode: answer.Failure?.Code),
        };
    }

    private async Task<NodeResult> WatchCanaryAsync(ActionRecord running, NodeResult canary)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(settings.CanaryMs), time);
        var request = running.Plan.Request;
        var now = await collectors.ReadSettingAsync(canary.Node, new SettingRequest(running.Id, request.Target, request.Value!), CancellationToken.None);
        return now.Value is { } reading && reading.Value == request.Value
            ? canary
            : canary with { RefusalCode = ActionReasons.CanaryFailed, Message = $"{canary.Node} was changed first and {(now.Value is null ? "no longer answers" : $"has the value {now.Value.Value} again because something else sets it")}, so the other nodes were not changed." };
    }

    private NodeCommand Command(ActionRecord running, TimeSpan valid) => new(
        running.Id, running.Plan.RequestedBy, running.ApprovedBy, running.Reason, running.Plan.Request.BreakGlass, NowMs + (long)valid.TotalMilliseconds);

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    [LoggerMessage(Level = LogLevel.Error, Message = "Failed to write the outcome of action {ActionId} to the audit log.")]
    private partial void LogNoAudit(Exception e, string actionId);
}

/// <summary>A request to revert a change.</summary>
/// <param name="Id">Id of the revert, which is a separate action for the nodes.</param>
internal sealed record RevertRequest(string Id, string Reason, bool BreakGlass);
