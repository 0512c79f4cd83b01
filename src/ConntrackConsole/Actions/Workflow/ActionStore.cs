using System.Text.Json;
using System.Text.Json.Serialization;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Storage;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>Persists actions. A row is updated only from the version that was read (optimistic concurrency).</summary>
internal sealed class ActionStore(IDbContextFactory<ConsoleDb> databases, TimeProvider time)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter() }, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private static readonly string[] Ended = [.. new[] { ActionState.Completed, ActionState.Partly, ActionState.Failed, ActionState.Unknown, ActionState.Running }.Select(s => s.ToString())];

    private readonly Dictionary<string, int> _executing = [];

    /// <summary>Raised after a change, so that pages refresh.</summary>
    public event Action? Changed;

    public async Task AddAsync(ActionRecord record, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(record);
        await using var db = await databases.CreateDbContextAsync(ct);
        db.Actions.Add(new ActionRow
        {
            Id = record.Id, Kind = record.Plan.Request.Kind.ToString(), Target = record.Plan.Request.Target, State = record.State.ToString(),
            RequestedBy = record.Plan.RequestedBy, RequestedMs = record.Plan.RequestedMs, UpdatedMs = record.UpdatedMs,
            Plan = JsonSerializer.Serialize(record.Plan, Json), Outcome = Progress.Text(record),
        });
        await db.SaveChangesAsync(ct);
        Changed?.Invoke();
    }

    /// <summary>Writes the record if its state is still <paramref name="from"/> and it was not written since it was read.</summary>
    /// <returns>The record as written, or null after a concurrent write.</returns>
    public async Task<ActionRecord?> MoveAsync(ActionRecord record, ActionState from, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(record);
        // It increases with every write, regardless of the clock, and so identifies a version.
        var written = record with { UpdatedMs = Math.Max(time.GetUtcNow().ToUnixTimeMilliseconds(), record.UpdatedMs + 1) };
        (string before, string after, string? outcome) = (from.ToString(), written.State.ToString(), Progress.Text(written));
        await using var db = await databases.CreateDbContextAsync(ct);
        int rows = await db.Actions.Where(r => r.Id == written.Id && r.State == before && r.UpdatedMs == record.UpdatedMs).ExecuteUpdateAsync(
            set => set.SetProperty(r => r.State, after).SetProperty(r => r.UpdatedMs, written.UpdatedMs).SetProperty(r => r.Outcome, outcome), ct);
        if (rows == 0)
            return null;
        Changed?.Invoke();
        return written;
    }

    /// <summary>Applies a change to the current version of a record that has ended, retrying after concurrent writes.</summary>
    /// <returns>The record as written; null if it has not run or there is nothing to change.</returns>
    public async Task<ActionRecord?> UpdateAsync(string id, Func<ActionRecord, ActionRecord?> change, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(change);
        while (await FindAsync(id, ct) is { HasEnded: true } record && change(record) is { } changed)
        {
            if (await MoveAsync(changed, record.State, ct) is { } written)
                return written;
        }

        return null;
    }

    /// <summary>Marks the action as executing in this console until disposed: its state is not that of an interrupted one.</summary>
    public IDisposable BeginExecution(string id)
    {
        lock (_executing)
            _executing[id] = _executing.GetValueOrDefault(id) + 1;
        return new Execution(this, id);
    }

    public bool IsExecuting(string id)
    {
        lock (_executing)
            return _executing.ContainsKey(id);
    }

    public async Task<ActionRecord?> FindAsync(string? id, CancellationToken ct)
    {
        if (string.IsNullOrEmpty(id) || id.Length > 100)
            return null;
        await using var db = await databases.CreateDbContextAsync(ct);
        return await db.Actions.AsNoTracking().FirstOrDefaultAsync(r => r.Id == id, ct) is { } row ? Record(row) : null;
    }

    /// <summary>Newest first, at most <paramref name="max"/>, requested before <paramref name="beforeMs"/>.</summary>
    public Task<List<ActionRecord>> ReadAsync(int max, long beforeMs, CancellationToken ct) =>
        ListAsync(rows => rows.Where(r => r.RequestedMs < beforeMs).OrderByDescending(r => r.RequestedMs).ThenByDescending(r => r.Id).Take(max), ct);

    public Task<List<ActionRecord>> InStateAsync(IReadOnlyList<ActionState> states, CancellationToken ct)
    {
        string[] names = [.. states.Select(s => s.ToString())];
        return ListAsync(rows => rows.Where(r => names.Contains(r.State)).OrderBy(r => r.RequestedMs), ct);
    }

    /// <summary>Actions executed since then.</summary>
    public Task<List<ActionRecord>> RunSinceAsync(long sinceMs, CancellationToken ct) =>
        ListAsync(rows => rows.Where(r => r.UpdatedMs >= sinceMs && Ended.Contains(r.State)).OrderByDescending(r => r.RequestedMs).Take(1_000), ct);

    /// <summary>Actions executed between two moments, and settings that were changed up to the longest revert before: they may still have been in force. Newest first.</summary>
    public Task<List<ActionRecord>> RunBetweenAsync(long fromMs, long toMs, int max, CancellationToken ct)
    {
        long flushedMs = fromMs - (long)ActionService.ApprovalTtl.TotalMilliseconds, setMs = flushedMs - SettingCatalog.All.Max(kind => kind.MaxRevertMs);
        return ListAsync(
            rows => rows.Where(r => r.RequestedMs <= toMs && Ended.Contains(r.State) && (r.RequestedMs >= flushedMs || (r.Kind == nameof(ActionKind.Setting) && r.RequestedMs >= setMs)))
                .OrderByDescending(r => r.RequestedMs).Take(max), ct);
    }

    /// <summary>Setting changes executed since then; some may still be open.</summary>
    public Task<List<ActionRecord>> SettingsSinceAsync(long sinceMs, CancellationToken ct) =>
        ListAsync(rows => rows.Where(r => r.Kind == nameof(ActionKind.Setting) && r.RequestedMs >= sinceMs && Ended.Contains(r.State)).OrderByDescending(r => r.RequestedMs).Take(200), ct);

    private async Task<List<ActionRecord>> ListAsync(Func<IQueryable<ActionRow>, IQueryable<ActionRow>> choose, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return (await choose(db.Actions.AsNoTracking()).ToListAsync(ct)).ConvertAll(Record);
    }

    private static ActionRecord Record(ActionRow row)
    {
        var plan = JsonSerializer.Deserialize<ActionPlan>(row.Plan, Json)!;
        var progress = row.Outcome is null ? new Progress() : JsonSerializer.Deserialize<Progress>(row.Outcome, Json)!;
        return new ActionRecord(plan, Enum.Parse<ActionState>(row.State), row.UpdatedMs)
        {
            Reason = progress.Reason, ApprovedBy = progress.ApprovedBy, Message = progress.Message, Code = progress.Code, Nodes = progress.Nodes,
            Outcome = progress.Outcome, StartedMs = progress.StartedMs,
        };
    }

    private sealed class Execution(ActionStore store, string id) : IDisposable
    {
        public void Dispose()
        {
            lock (store._executing)
            {
                if (--store._executing[id] == 0)
                    store._executing.Remove(id);
            }
        }
    }

    // The part of an action that changes; the plan remains as previewed.
    private sealed record Progress
    {
        public string Reason { get; init; } = "";
        public string? ApprovedBy { get; init; }
        [JsonPropertyName("sentence")]
        public string Message { get; init; } = "";
        public string? Code { get; init; }
        public IReadOnlyList<NodeResult> Nodes { get; init; } = [];
        [JsonPropertyName("meter")]
        public OutcomeSample? Outcome { get; init; }
        public long? StartedMs { get; init; }

        public static string Text(ActionRecord record) => JsonSerializer.Serialize(
            new Progress
            {
                Reason = record.Reason, ApprovedBy = record.ApprovedBy, Message = record.Message, Code = record.Code, Nodes = record.Nodes, Outcome = record.Outcome,
                StartedMs = record.StartedMs,
            }, Json);
    }
}
