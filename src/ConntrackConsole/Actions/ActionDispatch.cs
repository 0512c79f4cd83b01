using ConntrackConsole.Identity;
using ConntrackConsole.Ingest;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions;

/// <summary>Sends an approved action's orders to its nodes, once, and writes down what they answer.</summary>
public sealed partial class ActionDispatch(
    ActionStore store, WorldReader worlds, CollectorLink collectors, ActionAudit audit, ActionSettings settings, TimeProvider time, ILogger<ActionDispatch> log)
{
    private const string UnwrittenWords = "The outcome could not be written to the audit log: note it yourself.";

    /// <summary>Told of every action that has come to an end here, and of what its nodes tell later.</summary>
    public event Action<ActionRecord>? Ran;

    /// <summary>Orders go out only from here, and only after the row that says so is there.</summary>
    public async Task<ActionRecord> RunAsync(ActionRecord approved, Caller caller)
    {
        ArgumentNullException.ThrowIfNull(approved);
        ArgumentNullException.ThrowIfNull(caller);
        long startedMs = NowMs;
        if (await store.MoveAsync(approved with { State = ActionState.Running, StartedMs = startedMs }, ActionState.Approved, CancellationToken.None) is not { } running)
            return approved;
        var plan = running.Plan;
        var outcomes = plan.Ask.Kind == ActionKind.Flush ? await FlushAsync(running) : await ApplyAsync(running);
        var nodes = outcomes.Concat(ActionJudgement.Untold(plan)).OrderBy(n => n.Node, StringComparer.Ordinal).ToList();
        var (state, sentence) = ActionJudgement.Of(plan.Ask.Kind, nodes);
        var ended = running with { State = state, Sentence = sentence, Nodes = nodes };
        try
        {
            await audit.WriteAsync(ActionAudit.Outcome(ended, caller, "completed", NowMs - startedMs), CancellationToken.None);
        }
        catch (Exception e)
        {
            // The approved row without an outcome stays visible; the user must know that the act itself was done.
            LogNoAudit(e, ended.Id);
            ended = ended with { Sentence = $"{sentence} {UnwrittenWords}" };
        }

        ended = await store.MoveAsync(ended, ActionState.Running, CancellationToken.None) ?? ended;
        Ran?.Invoke(ended);
        return ended;
    }

    /// <summary>Sets an open change back; one node after the other, all of them.</summary>
    public async Task<ActionRecord> RevertAsync(ActionRecord record, RevertAsk ask, IReadOnlyList<NodeOutcome> open, Caller caller)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(caller);
        long startedMs = NowMs;
        var order = new OrderNote(ask.Id, caller.Name, null, ask.Reason, ask.BreakGlass, NowMs + (long)CollectorLink.SettingTimeout.TotalMilliseconds);
        var answers = await Task.WhenAll(open.Select(n => collectors.RevertSettingAsync(n.Node, record.Plan.Ask.Target, new RevertOrder(order, record.Id))));
        var byNode = answers.ToDictionary(a => a.Node, StringComparer.Ordinal);
        var written = await UpdateNodesAsync(record.Id, n => byNode.GetValueOrDefault(n.Node) is { } answer ? AfterReturn(n, answer) : n) ?? record;
        try
        {
            await audit.WriteAsync(ActionAudit.Outcome(written, caller, "reverted", NowMs - startedMs) with
            {
                Why = ask.Reason, Where = ActionGuard.Names(open.Select(n => n.Node)), Before = ActionWords.After(record with { Nodes = open }),
                After = ActionWords.After(written with { Nodes = [.. written.Nodes.Where(n => byNode.ContainsKey(n.Node))] }),
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
    public async Task<ActionRecord?> UpdateNodesAsync(string id, Func<NodeOutcome, NodeOutcome> change)
    {
        var written = await store.UpdateAsync(id, record =>
        {
            NodeOutcome[] nodes = [.. record.Nodes.Select(change)];
            if (nodes.SequenceEqual(record.Nodes))
                return null;
            var (state, sentence) = ActionJudgement.Of(record.Plan.Ask.Kind, nodes);
            return record with { Nodes = nodes, State = state, Sentence = sentence };
        }, CancellationToken.None);
        if (written is not null)
            Ran?.Invoke(written);
        return written;
    }

    // What the node says of the return, in the result of the change that it returns from.
    private static NodeOutcome AfterReturn(NodeOutcome n, Answer<SettingResult> answer) => answer.Value switch
    {
        // The other of two who ordered it was faster.
        _ when !n.IsOpenChange => n,
        null => n with { Sentence = $"{n.Node} did not answer the order to set it back ({answer.Failure}): it does so by itself at its time." },
        { Fate: SettingFate.Reverted or SettingFate.Drifted or SettingFate.Void } back => n with
        {
            Setting = n.Setting! with { Fate = back.Fate, Now = back.Now, RevertAtMs = null, Sentence = back.Sentence }, Sentence = null,
        },
        { Fate: SettingFate.Withheld or SettingFate.Failed or SettingFate.Unsure } kept => n with
        {
            Setting = n.Setting! with { Fate = SettingFate.Withheld, Now = kept.Now, RevertAtMs = kept.RevertAtMs ?? n.Setting.RevertAtMs, Sentence = kept.Sentence }, Sentence = null,
        },
        { } refused => n with { Sentence = $"{n.Node} did not set it back: {refused.Sentence}" },
    };

    private async Task<List<NodeOutcome>> FlushAsync(ActionRecord running)
    {
        var order = Order(running, CollectorLink.FlushTimeout);
        var statement = worlds.Statement(running.Plan.Ask.Target);
        var answers = await Task.WhenAll(running.Plan.Previews.Where(p => p.Refusal is null).Select(p =>
            collectors.FlushAsync(p.Node, new FlushRequest(order, running.Id, p.Digest, statement))));
        return [.. answers.Select(a => a switch
        {
            { Value: { Refusal: { } refusal } result } => new NodeOutcome(a.Node, NodeFate.Refused, result, Sentence: refusal),
            { Value: { } result } => new NodeOutcome(a.Node, NodeFate.Done, result),
            _ => new NodeOutcome(a.Node, NodeFate.Unknown, Sentence: a.Failure),
        })];
    }

    // The first node is the canary: the others follow when it has held for a while, and none follows one that failed.
    private async Task<List<NodeOutcome>> ApplyAsync(ActionRecord running)
    {
        var outcomes = new List<NodeOutcome>();
        var readings = running.Plan.Readings;
        for (int i = 0; i < readings.Count; i++)
        {
            var outcome = await ApplyAsync(running, readings[i]);
            if (i == 0 && readings.Count > 1 && ActionJudgement.Worked(outcome))
                outcome = await WatchCanaryAsync(running, outcome);
            outcomes.Add(outcome);
            if (ActionJudgement.Worked(outcome) && outcome.Sentence is null)
                continue;
            outcomes.AddRange(readings.Skip(i + 1).Select(r => new NodeOutcome(r.Node, NodeFate.Stopped)));
            break;
        }

        return outcomes;
    }

    private async Task<NodeOutcome> ApplyAsync(ActionRecord running, SettingReading reading)
    {
        var ask = running.Plan.Ask;
        var order = new SettingOrder(Order(running, CollectorLink.SettingTimeout), ask.Target, reading.Value!, ask.Value!, ask.RevertAfterMs!.Value);
        var answer = await collectors.ApplySettingAsync(reading.Node, order);
        return answer switch
        {
            { Value: { Fate: SettingFate.Refused or SettingFate.Moved } result } => new NodeOutcome(answer.Node, NodeFate.Refused, Setting: result, Sentence: result.Sentence),
            { Value: { } result } => new NodeOutcome(answer.Node, NodeFate.Done, Setting: result),
            _ => new NodeOutcome(answer.Node, NodeFate.Unknown, Sentence: answer.Failure),
        };
    }

    private async Task<NodeOutcome> WatchCanaryAsync(ActionRecord running, NodeOutcome canary)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(settings.CanaryMs), time);
        var ask = running.Plan.Ask;
        var now = await collectors.ReadSettingAsync(canary.Node, new SettingRequest(running.Id, ask.Target, ask.Value!), CancellationToken.None);
        return now.Value is { } reading && reading.Value == ask.Value
            ? canary
            : canary with { Sentence = $"{canary.Node} went first and {(now.Value is null ? "does not answer any more" : $"reads {now.Value.Value} again: somebody else sets it")}, so the others were left." };
    }

    private OrderNote Order(ActionRecord running, TimeSpan valid) => new(
        running.Id, running.Plan.AskedBy, running.ApprovedBy, running.Reason, running.Plan.Ask.BreakGlass, NowMs + (long)valid.TotalMilliseconds);

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    [LoggerMessage(Level = LogLevel.Error, Message = "The outcome of action {ActionId} could not be written to the audit log.")]
    private partial void LogNoAudit(Exception e, string actionId);
}

/// <summary>Somebody orders that a change is set back.</summary>
/// <param name="Id">Of the order, an action of its own for the nodes.</param>
public sealed record RevertAsk(string Id, string Reason, bool BreakGlass);
