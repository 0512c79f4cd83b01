using System.Runtime.CompilerServices;
using Bunit;
using Bunit.TestDoubles;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Outcome;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Audit;
using ConntrackConsole.Checks;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Components;
using ConntrackConsole.Components.State;
using ConntrackConsole.Configuration.Report;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Findings.Stored;
using ConntrackConsole.Identity;
using ConntrackConsole.Incidents;
using ConntrackConsole.Ingest;
using ConntrackConsole.Inventory;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;
using ConntrackConsole.Rollouts;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Query;
using ConntrackConsole.Timeline.Rollup;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackConsole.Tests.Components;

/// <summary>Renders pages over the real services of the console, with a fake clock and a fake browser.</summary>
internal sealed class ConsolePages : IAsyncDisposable
{
    /// <summary>The antiforgery token of all forms.</summary>
    public const string FormToken = "token-of-the-form";

    // History is read on separate connections: a shared in-memory database, kept alive by the first connection.
    private readonly SqliteConnection _database = new($"Data Source=pages-{Guid.NewGuid():N};Mode=Memory;Cache=Shared");

    private readonly TaskCompletionSource _userRead = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConsolePages()
    {
        var services = Context.Services;
        services.AddLogging();
        services.AddSignalR();
        services.AddPageParts();
        // A page alone has no provider of the layout.
        services.Configure<MudBlazor.PopoverOptions>(options => options.CheckForPopoverProvider = false);
        services.AddSingleton<AntiforgeryStateProvider>(new OneFormToken());
        services.AddSingleton<TimeProvider>(Clock);
        _database.Open();
        services.AddDbContextFactory<ConsoleDb>(db => db.UseSqlite(_database.ConnectionString));
        services.AddSingleton(new OwnershipHistory());
        services.AddSingleton<ClusterState>();
        services.AddSingleton<TimelineStore>();
        services.AddSingleton(_ => new AnswerTurns(Environment.ProcessorCount));
        services.AddSingleton<TimelineQueryService>();
        services.AddSingleton<RollupQueue>();
        services.AddSingleton<StoredBlockReader>();
        services.AddSingleton<RuleSyncReader>();
        services.AddSingleton<StoredFacts>();
        services.AddSingleton<OwnershipArchive>();
        services.AddSingleton(HistoryRetention.Default);
        services.AddTransient(_ => Configuration ?? throw new InvalidOperationException("The test has no configuration."));
        services.AddSingleton<CheckScheduler>();
        services.AddSingleton(FrameRetention.Default);
        services.AddSingleton<FrameArchive>();
        services.AddSingleton<RolloutLog>();
        services.AddSingleton<RestartLog>();
        services.AddSingleton<TerminationLog>();
        services.AddSingleton<TerminationArchive>();
        services.AddSingleton<RolloutArchive>();
        services.AddSingleton<RolloutReportStore>();
        services.AddSingleton<RolloutReporter>();
        services.AddSingleton<RolloutListReader>();
        services.AddSingleton<FindingLog>();
        services.AddSingleton<FindingAudit>();
        services.AddSingleton(_ => Prometheus.Metrics.NewCustomRegistry());
        services.AddSingleton<FindingMetrics>();
        services.AddSingleton<FindingMonitor>();
        services.AddSingleton<StoredFindings>();
        services.AddInventory();
        services.AddSingleton<CollectorRegistry>();
        services.AddSingleton<CollectorLink>();
        services.AddSingleton<AuditLog>();
        services.AddSingleton<AuditVerifier>();
        services.AddSingleton(_ => new ActionSettings(ReadOnly, new RateLimits(), [], 0));
        services.AddSingleton<ActionStore>();
        services.AddSingleton<ActionAudit>();
        services.AddSingleton<GuardContextBuilder>();
        services.AddSingleton<ActionDispatch>();
        services.AddSingleton<PreviewRateLimiter>();
        services.AddSingleton<ActionService>();
        services.AddIncidents();
        services.AddSingleton<OpenChanges>();
        services.AddSingleton<OutcomeMonitor>();
        services.AddScoped(_ => new CurrentUser(
            _ =>
            {
                _userRead.TrySetResult();
                return Task.FromResult<Principal?>(Principal);
            }, ReadOnly, Clock));
        services.AddScoped(services => Scripted ?? new UserActions(services.GetRequiredService<ActionService>(), services.GetRequiredService<CurrentUser>()));
        Context.JSInterop.Mode = JSRuntimeMode.Loose;
        SignedIn = Context.AddAuthorization();
        SignedIn.SetAuthorized("operator (link)");
        Context.SetRendererInfo(new RendererInfo("Server", isInteractive: true));
        Chart = Context.JSInterop.SetupModule("./js/timeline.js").SetupModule("create", _ => true);
        Chart.Setup<int>("plotWidth").SetResult(600);
        Draws = Chart.Setup<double?>("draw", call =>
        {
            // As the canvas: it has what it was sent, unless the test says otherwise.
            Draws!.SetResult(Drawn is { } drawn ? drawn : BitConverter.ToDouble((byte[])call.Arguments[0]!, 4));
            return true;
        });
        DatabaseSchema.CreateIfEmpty(_database);
        // The console has run for a while: live data covers the range, no stored history is needed.
        Context.Services.GetRequiredService<TimelineQueryService>();
        Clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(Views.NowMs));
    }

    public BunitContext Context { get; } = new();

    public BunitAuthorizationContext SignedIn { get; }

    public FakeTimeProvider Clock { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds(Views.NowMs - 7_200_000));

    public BunitJSModuleInterop Chart { get; }

    public JSRuntimeInvocationHandler<double?> Draws { get; }

    /// <summary>The version that the canvas reports; null = the one that it was sent.</summary>
    public double? Drawn { get; set; }

    /// <summary>Completes when the current user is first read.</summary>
    public Task UserRead => _userRead.Task;

    /// <summary>The user of the circuit; null after the session has ended.</summary>
    public Principal? Principal { get; set; } = new("ada", Role.Operator, "s-1", "127.0.0.1");

    public bool ReadOnly { get; set; }

    /// <summary>Replaces the action service where set.</summary>
    public ScriptedActions? Scripted { get; set; }

    /// <summary>What the page of the configuration reports.</summary>
    public ConfigurationReporter? Configuration { get; set; }

    public ActionStore Actions => Get<ActionStore>();

    public T Get<T>() where T : notnull => Context.Services.GetRequiredService<T>();

    public TimelineStore Store => Context.Services.GetRequiredService<TimelineStore>();

    public ClusterState Cluster => Context.Services.GetRequiredService<ClusterState>();

    /// <summary>Not started: a test runs each round itself.</summary>
    public CheckScheduler Checks => Context.Services.GetRequiredService<CheckScheduler>();

    public IDbContextFactory<ConsoleDb> Databases => Context.Services.GetRequiredService<IDbContextFactory<ConsoleDb>>();

    public AuditLog Log => Context.Services.GetRequiredService<AuditLog>();

    public long NowMs => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    public async Task ExecuteAsync(string sql)
    {
        await using var command = _database.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    public string Uri => Context.Services.GetRequiredService<NavigationManager>().Uri;

    /// <summary>Adds a deleted pod of shop/orders with three established entries to its address.</summary>
    public void AddDeadPod()
    {
        var pod = new PodInfo("uid-1", "shop", "orders-1", "node-a", "Running", [Ip.Parse("10.1.0.5")], false, NowMs - 600_000, null, null, false, null, null);
        Cluster.Watching();
        Cluster.Apply([
            new NodeChange(new NodeInfo("n1", "node-a", true, [Ip.Parse("192.168.0.1")]), false),
            new ServiceChange(new ServiceInfo("s1", new ServiceKey("shop", "orders"), [Ip.Parse("10.96.0.1")], [new ServicePort(null, Protocols.Tcp, 80, 0)]), false),
            new PodChange(pod, false),
        ]);
        Cluster.Confirm(NowMs);
        Cluster.Apply([new PodChange(pod with { DeletionMs = NowMs - 40_000, DeletionRequestedMs = NowMs - 70_000, FinishedMs = NowMs - 45_000, ExitCode = 0, ContainersEnded = true }, true)]);
        Store.Connected(new Hello("node-a", "0.1.0", "boot", "6.12", NowMs - 1000, [], new Dictionary<string, string>()));
        Frame(1, 3);
    }

    /// <param name="waiting">Entries that wait for an answer, of those that were looked up.</param>
    public void Frame(ulong sequence, uint entries, uint waiting = 0)
    {
        var frame = new NodeFrame { Sequence = sequence, AtMs = NowMs, IsKey = true };
        StateCounts counts = default;
        counts[(int)FlowState.Established] = entries;
        frame.Groups.Add(new GroupCounts(new GroupKey(Protocols.Tcp, Ip.Parse("10.96.0.1"), 80, Ip.Parse("10.1.0.5"), 8080), counts));
        if (waiting > 0)
            frame.WatchedAddresses.Add(new WatchedAddress(Ip.Parse("10.1.0.5"), entries, entries, waiting, 0, 0));
        if (Store.Apply("node-a", 1, frame).Rejection is { } fault)
            throw new InvalidOperationException(fault.Message);
    }

    /// <summary>Advances the clock until the condition is true: a timer on another thread may be started late.</summary>
    public Task UntilAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string expression = "") => Eventually.TrueAsync(
        () =>
        {
            bool isTrue = condition();
            if (!isTrue)
                Clock.Advance(TimeSpan.FromMilliseconds(5));
            return isTrue;
        }, expression: expression);

    public async ValueTask DisposeAsync()
    {
        await Context.DisposeAsync();
        await _database.DisposeAsync();
    }

    private sealed class OneFormToken : AntiforgeryStateProvider
    {
        public override AntiforgeryRequestToken GetAntiforgeryToken() => new(FormToken, "__RequestVerificationToken");
    }
}
