
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Ingest;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>
/// Finds out what became of actions whose outcome was lost: after a restart of the console, a broken connection, a killed
/// collector. It asks the nodes' journals and never sends an order again. Also ends what nobody confirmed in time.
/// </summary>
internal sealed partial class ActionResolver(
    ActionStore store, ActionDispatch dispatch, CollectorLink collectors, ActionAudit audit, ActionRecovery ends, TimeProvider time, ILogger<ActionResolver> log)
    : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    // After this nobody waits for the answer any more; it stays Unknown.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    private readonly Dictionary<(string Action, string Node), long> _notBefore = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var beat = new PeriodicTimer(Every, time);
        bool tied = false;
        do
        {
            try
            {
                if (!tied)
                    await ends.ReconcileAsync(stoppingToken);
                tied = true;
                await ResumeAsync(stoppingToken);
                await ExpireAsync(stoppingToken);
                foreach (var record in await store.InStateAsync([ActionState.Unknown], stoppingToken))
                    await ResolveAsync(record, stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFault(e); // A database that is busy or full now may be there in a second.
            }
        }
        while (await beat.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>What was left in the middle: by a console that ended, or by this one where it could not write the outcome.</summary>
    private async Task ResumeAsync(CancellationToken ct)
    {
        foreach (var record in await LeftAsync(ActionState.Approved, ct))
        {
            var failed = record with { State = ActionState.Failed, Code = ActionReasons.Interrupted, Sentence = "The console ended after the approval and before anything was sent: nothing was done." };
            await WriteAsync(failed, "resolved", ct);
            await store.MoveAsync(failed, ActionState.Approved, ct);
        }

        foreach (var record in await LeftAsync(ActionState.Running, ct))
        {
            var lost = record.Plan.Targets.Select(n => new NodeResult(n, NodeOutcome.Unknown, Sentence: "The console ended while the orders went out."));
            var nodes = lost.Concat(OutcomeSummary.NotContacted(record.Plan)).OrderBy(n => n.Node, StringComparer.Ordinal).ToList();
            var (state, sentence) = OutcomeSummary.Of(record.Plan.Request.Kind, nodes);
            var unknown = record with { State = state, Sentence = sentence, Nodes = nodes };
            // Killed between the row and the record, the log knows the outcome, and only the record has lost it.
            if ((await audit.CompletedAsync(record, ct)).Count == 0)
                await WriteAsync(unknown, "interrupted", ct);
            await store.MoveAsync(unknown, ActionState.Running, ct);
        }
    }

    // Looked at twice: one that has just ended here is carried no more, and still stands in the first list.
    private async Task<List<ActionRecord>> LeftAsync(ActionState state, CancellationToken ct)
    {
        var left = (await store.InStateAsync([state], ct)).Where(r => !store.IsExecuting(r.Id)).Select(r => r.Id).ToHashSet();
        return left.Count == 0 ? [] : (await store.InStateAsync([state], ct)).FindAll(r => left.Contains(r.Id));
    }

    private async Task ExpireAsync(CancellationToken ct)
    {
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var record in await store.InStateAsync([ActionState.Previewed, ActionState.Waiting], ct))
        {
            if (nowMs < record.ExpiresMs)
                continue;
            var expired = record with { State = ActionState.Expired, Code = ActionReasons.Expired, Sentence = record.State == ActionState.Waiting ? "No second person approved it in time; nothing was sent." : "Nobody confirmed it in time; nothing was sent." };
            if (await store.MoveAsync(expired, record.State, ct) is not null)
                await WriteAsync(expired, "expired", ct);
        }
    }

    private async Task ResolveAsync(ActionRecord record, CancellationToken ct)
    {
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        if (nowMs - record.Plan.AskedMs > Longest.TotalMilliseconds)
            return;
        var heard = new Dictionary<string, NodeResult>(StringComparer.Ordinal);
        foreach (string node in record.Nodes.Where(n => n.Outcome == NodeOutcome.Unknown).Select(n => n.Node))
        {
            var place = (record.Id, node);
            if (_notBefore.GetValueOrDefault(place) > nowMs || !collectors.ConnectedNodes.Contains(node))
                continue;
            // One that cannot answer this question is not asked every second.
            _notBefore[place] = nowMs + 10_000;
            // One that knows it and not its outcome carries it out now, or settles what was cut off.
            if (await collectors.RecallAsync(node, new RecallRequest(record.Id), ct) is not { Value: { } told } || Told(record, node, told) is not { } outcome)
                continue;
            _notBefore.Remove(place);
            heard[node] = outcome;
        }

        if (heard.Count == 0)
            return;
        var nodes = record.Nodes.Select(Now).ToList();
        var (state, sentence) = OutcomeSummary.Of(record.Plan.Request.Kind, nodes);
        var resolved = record with { Nodes = nodes, State = state, Sentence = sentence };
        if (!(await audit.CompletedAsync(record, ct)).Contains(ActionAudit.Result(resolved)))
            await WriteAsync(resolved, "resolved", ct);
        await dispatch.UpdateNodesAsync(record.Id, Now);

        NodeResult Now(NodeResult n) => n.Outcome == NodeOutcome.Unknown ? heard.GetValueOrDefault(n.Node) ?? n : n;
    }

    private static NodeResult? Told(ActionRecord record, string node, RecallAnswer told) => (record.Plan.Request.Kind, told) switch
    {
        (_, { Known: false }) => new NodeResult(node, NodeOutcome.Refused, Sentence: "the order never came there, and would be refused now.", RefusalCode: NodeReasons.NeverBegan),
        (ActionKind.Flush, { Flush: { Refusal: { } refusal } flush }) => new NodeResult(node, NodeOutcome.Refused, flush, Sentence: refusal, RefusalCode: flush.Code),
        (ActionKind.Flush, { Flush: { } flush }) => new NodeResult(node, NodeOutcome.Done, flush),
        (ActionKind.Setting, { Setting: { } setting }) when setting.Key != record.Plan.Request.Target => null,
        (ActionKind.Setting, { Setting: { Outcome: SettingOutcome.Refused or SettingOutcome.Moved } setting }) =>
            new NodeResult(node, NodeOutcome.Refused, Setting: setting, Sentence: setting.Sentence),
        (ActionKind.Setting, { Setting: { } setting }) => new NodeResult(node, NodeOutcome.Done, Setting: setting),
        _ => null,
    };

    private Task WriteAsync(ActionRecord record, string step, CancellationToken ct) =>
        audit.WriteAsync(ActionAudit.Found(record, step, null), ct);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The actions could not be looked through; it is tried again.")]
    private partial void LogFault(Exception e);
}
