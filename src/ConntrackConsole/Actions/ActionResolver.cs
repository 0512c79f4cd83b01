using ConntrackConsole.Ingest;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions;

/// <summary>
/// Finds out what became of actions whose outcome was lost: after a restart of the console, a broken connection, a killed
/// collector. It asks the nodes' journals and never sends an order again. Also ends what nobody confirmed in time.
/// </summary>
public sealed partial class ActionResolver(
    ActionStore store, ActionDispatch dispatch, CollectorLink collectors, ActionAudit audit, TimeProvider time, ILogger<ActionResolver> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    // After this nobody waits for the answer any more; it stays Unknown.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    private readonly Dictionary<(string Action, string Node), long> _notBefore = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await ResumeAsync(stoppingToken);
        using var beat = new PeriodicTimer(Every, time);
        do
        {
            try
            {
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

    /// <summary>What the last console left in the middle: nothing is in flight now that a fresh one has begun.</summary>
    private async Task ResumeAsync(CancellationToken ct)
    {
        foreach (var record in await store.InStateAsync([ActionState.Approved], ct))
        {
            var failed = record with { State = ActionState.Failed, Sentence = "The console ended after the approval and before anything was sent: nothing was done." };
            await WriteAsync(failed, "resolved", ct);
            await store.MoveAsync(failed, ActionState.Approved, ct);
        }

        foreach (var record in await store.InStateAsync([ActionState.Running], ct))
        {
            var lost = record.Plan.Targets.Select(n => new NodeOutcome(n, NodeFate.Unknown, Sentence: "The console ended while the orders went out."));
            var nodes = lost.Concat(record.Plan.Silent.Except(record.Plan.Targets).Select(n => new NodeOutcome(n, NodeFate.NotAsked))).ToList();
            var (state, sentence) = ActionJudgement.Of(record.Plan.Ask.Kind, nodes);
            var unknown = record with { State = state, Sentence = sentence, Nodes = nodes };
            await WriteAsync(unknown, "interrupted", ct);
            await store.MoveAsync(unknown, ActionState.Running, ct);
        }
    }

    private async Task ExpireAsync(CancellationToken ct)
    {
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var record in await store.InStateAsync([ActionState.Previewed, ActionState.Waiting], ct))
        {
            if (nowMs < record.Plan.ExpiresMs)
                continue;
            var expired = record with { State = ActionState.Expired, Sentence = record.State == ActionState.Waiting ? "No second person approved it in time; nothing was sent." : "Nobody confirmed it in time; nothing was sent." };
            if (await store.MoveAsync(expired, record.State, ct) is not null)
                await WriteAsync(expired, "expired", ct);
        }
    }

    private async Task ResolveAsync(ActionRecord record, CancellationToken ct)
    {
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        if (nowMs - record.Plan.AskedMs > Longest.TotalMilliseconds)
            return;
        var nodes = record.Nodes.ToList();
        bool heard = false;
        for (int i = 0; i < nodes.Count; i++)
        {
            var place = (record.Id, nodes[i].Node);
            if (nodes[i].Fate != NodeFate.Unknown || _notBefore.GetValueOrDefault(place) > nowMs)
                continue;
            // One that cannot answer this question is not asked every second.
            _notBefore[place] = nowMs + 10_000;
            if (await collectors.RecallAsync(nodes[i].Node, new RecallRequest(record.Id), ct) is not { Value: { } told })
                continue;
            _notBefore.Remove(place);
            nodes[i] = Told(nodes[i].Node, told);
            heard = true;
        }

        if (!heard)
            return;
        var (state, sentence) = ActionJudgement.Of(record.Plan.Ask.Kind, nodes);
        await WriteAsync(record with { Nodes = nodes, State = state, Sentence = sentence }, "resolved", ct);
        await dispatch.StoreNodesAsync(record, nodes);
    }

    private static NodeOutcome Told(string node, RecallAnswer told) => told switch
    {
        { Known: false } => new NodeOutcome(node, NodeFate.Refused, Sentence: "the order never came there, and would be refused now."),
        { Flush: { Refusal: { } refusal } flush } => new NodeOutcome(node, NodeFate.Refused, flush, Sentence: refusal),
        { Flush: { } flush } => new NodeOutcome(node, NodeFate.Done, flush),
        { Setting: { Fate: SettingFate.Refused or SettingFate.Moved } setting } => new NodeOutcome(node, NodeFate.Refused, Setting: setting, Sentence: setting.Sentence),
        { Setting: { } setting } => new NodeOutcome(node, NodeFate.Done, Setting: setting),
        _ => new NodeOutcome(node, NodeFate.Unknown, Sentence: "Its journal knows the action and not its outcome."),
    };

    private Task WriteAsync(ActionRecord record, string step, CancellationToken ct) =>
        audit.WriteAsync(ActionAudit.Outcome(record, ActionAudit.Itself(record), step, null), ct);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The actions could not be looked through; it is tried again.")]
    private partial void LogFault(Exception e);
}
