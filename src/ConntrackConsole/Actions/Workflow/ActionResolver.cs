using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Ingest;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>
/// Resolves actions with an unknown outcome, after a restart of the console, a broken connection or a killed collector.
/// It queries the nodes' journals and never sends a command again. It also expires actions that were not confirmed in time.
/// </summary>
internal sealed partial class ActionResolver(
    ActionStore store, ActionDispatch dispatch, CollectorLink collectors, ActionAudit audit, ActionRecovery recovery, TimeProvider time, ILogger<ActionResolver> log)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // After this time nodes are no longer queried; the action remains Unknown.
    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(7);

    private readonly Dictionary<(string Action, string Node), long> _notBefore = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        bool reconciled = false;
        do
        {
            try
            {
                if (!reconciled)
                    await recovery.ReconcileAsync(stoppingToken);
                reconciled = true;
                await ResumeAsync(stoppingToken);
                await ExpireAsync(stoppingToken);
                foreach (var record in await store.InStateAsync([ActionState.Unknown], stoppingToken))
                    await ResolveAsync(record, stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFailed(e); // A database that is busy or full now may be available in a second.
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Continues interrupted actions: of a console that ended, or of this one if it could not write the outcome.</summary>
    private async Task ResumeAsync(CancellationToken ct)
    {
        foreach (var record in await InterruptedAsync(ActionState.Approved, ct))
        {
            var failed = record with { State = ActionState.Failed, Code = ActionReasons.Interrupted, Message = "The console ended after the approval and before anything was sent: nothing was done." };
            await WriteAsync(failed, "resolved", ct);
            await store.MoveAsync(failed, ActionState.Approved, ct);
        }

        foreach (var record in await InterruptedAsync(ActionState.Running, ct))
        {
            var lost = record.Plan.Targets.Select(n => new NodeResult(n, NodeOutcome.Unknown, Message: "The console ended while the commands were being sent."));
            var nodes = lost.Concat(OutcomeSummary.NotContacted(record.Plan)).OrderBy(n => n.Node, StringComparer.Ordinal).ToList();
            var (state, message) = OutcomeSummary.Of(record.Plan.Request.Kind, nodes);
            var unknown = record with { State = state, Message = message, Nodes = nodes };
            // If the console was killed between writing the audit row and the record, the log has the outcome and only the record lost it.
            if ((await audit.CompletedAsync(record, ct)).Count == 0)
                await WriteAsync(unknown, "interrupted", ct);
            await store.MoveAsync(unknown, ActionState.Running, ct);
        }
    }

    // Read twice: an action that has just ended here is no longer executing but is still in the first list.
    private async Task<List<ActionRecord>> InterruptedAsync(ActionState state, CancellationToken ct)
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
            var expired = record with { State = ActionState.Expired, Code = ActionReasons.Expired, Message = record.State == ActionState.Waiting ? "The action was not approved in time; nothing was sent." : "The action was not confirmed in time; nothing was sent." };
            if (await store.MoveAsync(expired, record.State, ct) is not null)
                await WriteAsync(expired, "expired", ct);
        }
    }

    private async Task ResolveAsync(ActionRecord record, CancellationToken ct)
    {
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        if (nowMs - record.Plan.RequestedMs > MaxAge.TotalMilliseconds)
            return;
        var answers = new Dictionary<string, NodeResult>(StringComparer.Ordinal);
        foreach (string node in record.Nodes.Where(n => n.Outcome == NodeOutcome.Unknown).Select(n => n.Node))
        {
            var key = (record.Id, node);
            if (_notBefore.GetValueOrDefault(key) > nowMs || !collectors.ConnectedNodes.Contains(node))
                continue;
            // A node that cannot answer is not queried every second.
            _notBefore[key] = nowMs + 10_000;
            // A node that knows the action but not its outcome is executing it now, or is recovering an interrupted one.
            if (await collectors.RecallAsync(node, new RecallRequest(record.Id), ct) is not { Value: { } answer } || ToResult(record, node, answer) is not { } outcome)
                continue;
            _notBefore.Remove(key);
            answers[node] = outcome;
        }

        if (answers.Count == 0)
            return;
        var nodes = record.Nodes.Select(Now).ToList();
        var (state, message) = OutcomeSummary.Of(record.Plan.Request.Kind, nodes);
        var resolved = record with { Nodes = nodes, State = state, Message = message };
        if (!(await audit.CompletedAsync(record, ct)).Contains(ActionAudit.Result(resolved)))
            await WriteAsync(resolved, "resolved", ct);
        await dispatch.UpdateNodesAsync(record.Id, Now);

        NodeResult Now(NodeResult n) => n.Outcome == NodeOutcome.Unknown ? answers.GetValueOrDefault(n.Node) ?? n : n;
    }

    private static NodeResult? ToResult(ActionRecord record, string node, RecallAnswer answer) => (record.Plan.Request.Kind, answer) switch
    {
        (_, { Known: false }) => new NodeResult(node, NodeOutcome.Refused, Message: "the command never arrived there, and would be refused now.", RefusalCode: NodeReasons.NeverBegan),
        (ActionKind.Flush, { Flush: { Refusal: { } refusal } flush }) => new NodeResult(node, NodeOutcome.Refused, flush, Message: refusal, RefusalCode: flush.Code),
        (ActionKind.Flush, { Flush: { } flush }) => new NodeResult(node, NodeOutcome.Done, flush),
        (ActionKind.Setting, { Setting: { } setting }) when setting.Key != record.Plan.Request.Target => null,
        (ActionKind.Setting, { Setting: { Outcome: SettingOutcome.Refused or SettingOutcome.Moved } setting }) =>
            new NodeResult(node, NodeOutcome.Refused, Setting: setting, Message: setting.Message),
        (ActionKind.Setting, { Setting: { } setting }) => new NodeResult(node, NodeOutcome.Done, Setting: setting),
        _ => null,
    };

    private Task WriteAsync(ActionRecord record, string step, CancellationToken ct) =>
        audit.WriteAsync(ActionAudit.Found(record, step, null), ct);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to scan pending actions; will retry.")]
    private partial void LogFailed(Exception e);
}
