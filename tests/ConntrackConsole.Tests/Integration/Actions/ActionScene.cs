using System.Runtime.CompilerServices;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Audit;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Identity;
using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;

namespace ConntrackConsole.Tests.Integration.Actions;

/// <summary>A console, the collectors of a few nodes, and a pod that is gone; settings are numbers that the nodes store.</summary>
internal sealed class ActionScene : IAsyncDisposable
{
    public const string PodIp = "10.1.0.5";
    public const string Key = SettingCatalog.BeLiberal;

    public static readonly Principal Ada = new("ada", Role.Operator, "s-1", "127.0.0.1");
    public static readonly Principal Bob = new("bob", Role.Operator, "s-2", "127.0.0.2");
    public static readonly Principal Eve = new("eve", Role.Approver, "s-3", "127.0.0.3");

    private static readonly PodInfo Gone = Pod("a", PodIp);

    private readonly List<TestCollector> _all = [];

    private ActionScene(ConsoleHost host, RunningClock clock)
    {
        Host = host;
        Clock = clock;
    }

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ConsoleHost Host { get; private set; }

    public RunningClock Clock { get; }

    public ActionService Service => Host.Get<ActionService>();

    public ActionStore Store => Host.Get<ActionStore>();

    /// <summary>How many entries each node has of the address.</summary>
    public Dictionary<string, int> Entries { get; } = [];

    /// <summary>The value of the setting on each node.</summary>
    public Dictionary<string, string> Values { get; } = [];

    public Dictionary<string, TestCollector> Nodes { get; } = [];

    public static async Task<ActionScene> StartAsync(int nodes = 2, params string[] settings)
    {
        var clock = new RunningClock();
        var scene = new ActionScene(await ConsoleHost.StartAsync(null, clock, ["--Actions:CanarySeconds=1", .. settings]), clock);
        for (int i = 1; i <= nodes; i++)
            (scene.Entries[$"node{i}"], scene.Values[$"node{i}"]) = (i == 1 ? 2 : 0, "0");
        scene.PublishCluster();
        foreach (string node in scene.Entries.Keys)
            await scene.ConnectAsync(node);
        return scene;
    }

    /// <summary>Disconnects the collectors and stops the console, changes its data, and starts it again.</summary>
    public async Task RestartAsync(Func<ConsoleFile, Task>? meanwhile = null)
    {
        foreach (var node in Nodes.Values)
            await node.BreakAsync();
        Nodes.Clear();
        Host = await Host.RestartAsync(meanwhile is null ? null : () => meanwhile(new ConsoleFile(Host.Folder)));
        PublishCluster();
    }

    /// <summary>Sets the state of an action, as if the console had been killed in this state.</summary>
    public Task DieAsync(params (ActionPlan Plan, ActionState State)[] left) => RestartAsync(async file =>
    {
        var store = new ActionStore(file, Clock.Time);
        foreach (var (plan, state) in left)
        {
            var record = (await store.FindAsync(plan.Id, Ct))!;
            Assert.NotNull(await store.MoveAsync(record with { State = state, Reason = "because", StartedMs = state == ActionState.Running ? record.UpdatedMs : null }, record.State, Ct));
        }
    });

    public async Task<TestCollector> ConnectAsync(string node, Action<TestCollector>? adapt = null)
    {
        var collector = new TestCollector(node, Host.Url, ConsoleHost.Token);
        collector.Preview = request => new FlushPreview(
            request.PreviewId, node, $"digest-{node}", [.. Enumerable.Range(0, Entries[node]).Select(Entry)], Host.NowMs + 900_000, null, true);
        collector.Flush = request => Result(request.Command.ActionId, node, Entries[node]);
        collector.ReadSetting = request => new SettingReading(request.ActionId, node, request.Key, Values[node], null, null, null);
        collector.ApplySetting = order =>
        {
            string before = Values[node];
            Values[node] = order.Value;
            return new SettingResult(order.Command.ActionId, node, order.Key, SettingOutcome.Written, before, order.Value, Host.NowMs + order.RevertAfterMs, null);
        };
        collector.RevertSetting = order =>
        {
            Values[node] = "0";
            return new SettingResult(order.Command.ActionId, node, Key, SettingOutcome.Reverted, "1", "0", null, null);
        };
        adapt?.Invoke(collector);
        Assert.True((await collector.ConnectAsync(Host.NowMs)).Accepted);
        _all.Add(collector);
        return Nodes[node] = collector;
    }

    public static FlowEntry Entry(int i) => new(
        "tcp", "ESTABLISHED", "10.1.1.1", 1024 + i, Vip, 80, PodIp, 8080, "10.1.1.1", 1024 + i, 0, (uint)i + 1, 300, 0, FlushEffect.FailsFast);

    public static FlushResult Result(string actionId, string node, int entries) =>
        new(actionId, node, entries, entries, 0, 0, 0, 0, null, [], 3, new string('D', entries));

    public Task<ActionAnswer> RequestAsync(ActionRequest? request = null, Principal? principal = null) =>
        Service.RequestAsync(request ?? new ActionRequest(ActionKind.Flush) { PodIp = PodIp }, principal ?? Ada, Ct);

    public async Task<ActionPlan> PreviewAsync(ActionRequest? request = null)
    {
        var answer = await RequestAsync(request);
        Assert.Null(answer.Refusal);
        return answer.Record!.Plan;
    }

    public static ActionRequest Setting(params string[] nodes) => new(ActionKind.Setting) { Key = Key, Value = "1", Nodes = nodes };

    public Task<ActionAnswer> ConfirmAsync(ActionPlan plan, string? typed = null, Principal? principal = null) =>
        Service.ConfirmAsync(plan.Id, plan.Digest, typed ?? plan.Verdict.TypeToConfirm, "because", principal ?? Ada, Ct);

    public Task<ActionAnswer> ApproveAsync(ActionPlan plan, Principal? principal = null, string? digest = null) =>
        Service.ApproveAsync(plan.Id, digest ?? plan.Digest, principal ?? Eve, Ct);

    /// <summary>A flush with enough entries to require an approval.</summary>
    public async Task<ActionPlan> WaitingAsync()
    {
        Entries["node1"] = 5_001;
        var plan = await PreviewAsync();
        Assert.Equal(ActionState.Waiting, (await ConfirmAsync(plan)).Record!.State);
        return plan;
    }

    /// <summary>An executed change.</summary>
    public async Task<ActionRecord> ChangedAsync(params string[] nodes)
    {
        var answer = await ConfirmAsync(await PreviewAsync(Setting(nodes)));
        Assert.Equal(ActionState.Completed, answer.Record?.State);
        return answer.Record!;
    }

    public async Task<ActionRecord> RecordAsync(string id) => (await Store.FindAsync(id, Ct))!;

    public Task<ActionRecord> UntilAsync(string id, Func<ActionRecord, bool> condition, [CallerArgumentExpression(nameof(condition))] string expression = "") =>
        Eventually.ValueAsync(() => RecordAsync(id), condition, expression: expression);

    public Task<ActionRecord> UntilAsync(string id, ActionState state) => UntilAsync(id, r => r.State == state, $"the action is {state}");

    /// <summary>Oldest first, without the console's rows about its start and shutdown.</summary>
    public async Task<List<AuditEntry>> AuditAsync(string? actionId, string? what = null) =>
        [.. (await Host.Get<AuditLog>().ReadAsync(new AuditFilter(What: what, ActionId: actionId), Ct)).Where(r => !r.What.StartsWith("console.", StringComparison.Ordinal)).Reverse()];

    public Task<List<AuditEntry>> UntilAuditAsync(string actionId, string what) =>
        Eventually.ValueAsync(() => AuditAsync(actionId, what), rows => rows.Count > 0, expression: $"the audit log has {what} of {actionId}");

    public async Task ExecuteAsync(string sql)
    {
        await using var db = await Host.Get<IDbContextFactory<ConsoleDb>>().CreateDbContextAsync(Ct);
        await db.Database.ExecuteSqlRawAsync(sql, Ct);
    }

    public Task CloseAuditAsync() => ExecuteAsync("CREATE TRIGGER full BEFORE INSERT ON Audit BEGIN SELECT RAISE(ABORT, 'disk full'); END");

    public void Own(string uid) => Host.SetCluster(new PodChange(Pod(uid, PodIp), false));

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _all)
            await node.DisposeAsync();
        await Host.DisposeAsync();
        Clock.Dispose();
    }

    private void PublishCluster() => Host.SetCluster(
    [
        .. Entries.Keys.Select((node, i) => new NodeChange(Node(node, $"192.168.0.{i + 1}"), false)),
        new ServiceChange(Service(), false), new SliceChange(Slice(Ready(Pod("b", "10.1.0.6"))), false),
        new PodChange(Gone, false), new PodChange(Gone, true),
    ]);
}
