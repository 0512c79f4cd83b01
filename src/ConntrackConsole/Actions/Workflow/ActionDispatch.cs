
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Identity;
using ConntrackConsole.Ingest;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>Sends an approved action's orders to its nodes, once, and writes down what they answer.</summary>
public sealed partial class ActionDispatch(
    ActionStore store, GuardContextBuilder contexts, CollectorLink collectors, ActionAudit audit, ActionSettings settings, TimeProvider time, ILogger<ActionDispatch> log)
{
    private const string UnwrittenWords = "The outcome could not be written to the audit log: note it yourself.";

    /// <summary>Told of every action that has come to an end here, and of what its nodes tell later.</summary>
    public event Action<ActionRecord>? Ran;

    /// <summary>Orders go out only from here, and only after the row that says so is there.</summary>
    public async Task<ActionRecord> RunAsync(ActionRecord approved, Principal caller)
    {
        ArgumentNullException.ThrowIfNull(approved);
        ArgumentNullException.ThrowIfNull(caller);
        long startedMs = NowMs;
        if (await store.MoveAsync(approved with { State = ActionState.Running, StartedMs = startedMs }, ActionState.Approved, CancellationToken.None) is not { } running)
            return approved;
        var plan = running.Plan;
        var outcomes = plan.Request.Kind == ActionKind.Flush ? await FlushAsync(running) : await ApplyAsync(running);
        var nodes = outcomes.Concat(OutcomeSummary.NotContacted(plan)).OrderBy(n => n.Node, StringComparer.Ordinal).ToList();
        var (state, sentence) = OutcomeSummary.Of(plan.Request.Kind, nodes);
        var ended = running with { State = state, Sentence = sentence, Nodes = nodes };
        try
        {
            await audit.WriteAsync(ActionAudit.Outcome(ended, caller, "completed", NowMs - startedMs), CancellationToken.None);
        }
        catch (Exception e)
        {
            // The approved row without an outcome stays visible; the user must know that the act itself was done.
            LogNoAudit(e, ended.Id);
            ended = ended with { Sentence = $"{sentence} {UnwrittenWords}", Code = ActionReasons.AuditIncomplete };
        }

        ended = await store.MoveAsync(ended, ActionState.Running, CancellationToken.None) ?? ended;
        Ran?.Invoke(ended);
        return ended;
    }

    /// <summary>Sets an open change back; one node after the other, all of them.</summary>
    public async Task<ActionRecord> RevertAsync(ActionRecord record, RevertRequest ask, IReadOnlyList<NodeResult> open, Principal caller)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(caller);
        long startedMs = NowMs;
        var order = new NodeCommand(ask.Id, caller.Name, null, ask.Reason, ask.BreakGlass, NowMs + (long)CollectorLink.SettingTimeout.TotalMilliseconds);
        var answers = await Task.WhenAll(open.Select(n => collectors.RevertSettingAsync(n.Node, record.Plan.Request.Target, new RevertNodeCommand(order, record.Id))));
        var byNode = answers.ToDictionary(a => a.Node, StringComparer.Ordinal);
        var written = await UpdateNodesAsync(record.Id, n => byNode.GetValueOrDefault(n.Node) is { } answer ? AfterReturn(n, answer) : n) ?? record;
        try
        {
            await audit.WriteAsync(ActionAudit.Outcome(written, caller, "reverted", NowMs - startedMs) with
            {
                Why = ask.Reason, Where = ActionGuard.Names(open.Select(n => n.Node)), Before = ActionFormatter.After(record with { Nodes = open }),
                After = ActionFormatter.After(written with { Nodes = [.. written.Nodes.Where(n => byNode.ContainsKey(n.Node))] }),
                Result = written.Sentence,
            }, CancellationToken.None);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            LogNoAudit(e, record.Id);
            written = written with { Sentence = $"{written.Sentence} {UnwrittenWords}" };
        }

        return written;
    }

    /// <summary>Writes nodes' later answers into a record that has ended, whatever else is written meanwhile.</summary>
    /// <returns>The record as written; null where nothing was to change.</returns>
    public async Task<ActionRecord?> UpdateNodesAsync(string id, Func<NodeResult, NodeResult> change)
    {
        var written = await store.UpdateAsync(id, record =>
        {
            NodeResult[] nodes = [.. record.Nodes.Select(change)];
            if (nodes.SequenceEqual(record.Nodes))
                return null;
            var (state, sentence) = OutcomeSummary.Of(record.Plan.Request.Kind, nodes);
            return record with { Nodes = nodes, State = state, Sentence = sentence };
        }, CancellationToken.None);
        if (written is not null)
            Ran?.Invoke(written);
        return written;
    }

    // What the node says of the return, in the result of the change that it returns from.
    private static NodeResult AfterReturn(NodeResult n, Answer<SettingResult> answer) => answer.Value switch
    {
        // The other of two who ordered it was faster.
        _ when !n.IsOpenChange => n,
        null => n with { Sentence = $"{n.Node} did not answer the order to set it back ({answer.Failure}): it does so by itself at its time." },
        { Outcome: SettingOutcome.Reverted or SettingOutcome.Drifted or SettingOutcome.Void } back => n with
        {
            Setting = n.Setting! with { Outcome = back.Outcome, Now = back.Now, RevertAtMs = null, Sentence = back.Sentence, Code = back.Code }, Sentence = null,
        },
        { Outcome: SettingOutcome.Withheld or SettingOutcome.Failed or SettingOutcome.Unsure } kept => n with
        {
            Setting = n.Setting! with { Outcome = SettingOutcome.Withheld, Now = kept.Now, RevertAtMs = kept.RevertAtMs ?? n.Setting.RevertAtMs, Sentence = kept.Sentence, Code = kept.Code }, Sentence = null,
        },
        { } refused => n with { Sentence = $"{n.Node} did not set it back: {refused.Sentence}" },
    };

    private async Task<List<NodeResult>> FlushAsync(ActionRecord running)
    {
        var order = Order(running, CollectorLink.FlushTimeout);
        var statement = contexts.Statement(running.Plan.Request.Target);
        var answers = await Task.WhenAll(running.Plan.Previews.Where(p => p.Refusal is null).Select(p =>
            collectors.FlushAsync(p.Node, new FlushNodeCommand(order, running.Id, p.Digest, statement))));
        return [.. answers.Select(a => a switch
        {
            { Value: { Refusal: { } refusal } result } => new NodeResult(a.Node, NodeOutcome.Refused, result, Sentence: refusal, RefusalCode: result.Code),
            { Value: { } result } => new NodeResult(a.Node, NodeOutcome.Done, result),
            _ => new NodeResult(a.Node, NodeOutcome.Unknown, Sentence: a.Failure),
        })];
    }

    // The first node is the canary: the others follow when it has held for a while, and none follows one that failed.
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
            if (OutcomeSummary.Worked(outcome) && outcome.Sentence is null)
                continue;
            outcomes.AddRange(readings.Skip(i + 1).Select(r => new NodeResult(r.Node, NodeOutcome.Stopped)));
            break;
        }

        return outcomes;
    }

    private async Task<NodeResult> ApplyAsync(ActionRecord running, SettingReading reading)
    {
        var ask = running.Plan.Request;
        var order = new SettingNodeCommand(Order(running, CollectorLink.SettingTimeout), ask.Target, reading.Value!, ask.Value!, ask.RevertAfterMs!.Value);
        var answer = await collectors.ApplySettingAsync(reading.Node, order);
        return answer switch
        {
            { Value: { Outcome: SettingOutcome.Refused or SettingOutcome.Moved } result } => new NodeResult(answer.Node, NodeOutcome.Refused, Setting: result, Sentence: result.Sentence),
            { Value: { } result } => new NodeResult(answer.Node, NodeOutcome.Done, Setting: result),
            _ => new NodeResult(answer.Node, NodeOutcome.Unknown, Sentence: answer.Failure),
        };
    }

    private async Task<NodeResult> WatchCanaryAsync(ActionRecord running, NodeResult canary)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(settings.CanaryMs), time);
        var ask = running.Plan.Request;
        var now = await collectors.ReadSettingAsync(canary.Node, new SettingRequest(running.Id, ask.Target, ask.Value!), CancellationToken.None);
        return now.Value is { } reading && reading.Value == ask.Value
            ? canary
            : canary with { RefusalCode = ActionReasons.CanaryFailed, Sentence = $"{canary.Node} went first and {(now.Value is null ? "does not answer any more" : $"reads {now.Value.Value} again: somebody else sets it")}, so the others were left." };
    }

    private NodeCommand Order(ActionRecord running, TimeSpan valid) => new(
        running.Id, running.Plan.AskedBy, running.ApprovedBy, running.Reason, running.Plan.Request.BreakGlass, NowMs + (long)valid.TotalMilliseconds);

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    [LoggerMessage(Level = LogLevel.Error, Message = "The outcome of action {ActionId} could not be written to the audit log.")]
    private partial void LogNoAudit(Exception e, string actionId);
}

/// <summary>Somebody orders that a change is set back.</summary>
/// <param name="Id">Of the order, an action of its own for the nodes.</param>
public sealed record RevertRequest(string Id, string Reason, bool BreakGlass);
