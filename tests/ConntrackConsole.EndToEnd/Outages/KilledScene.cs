using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Audit;
using ConntrackConsole.Cli;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Configuration;
using ConntrackConsole.Kernel.Namespaces;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Integration.Hosting;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace ConntrackConsole.EndToEnd.Outages;

/// <summary>The process to kill.</summary>
[Flags]
public enum Victim
{
    Console = 1,
    Collector = 2,
    Both = Console | Collector,
}

/// <summary>
/// A console and a collector as processes, a cluster with deleted pods, and a kernel with entries for the last of them and for
/// another pod (the witnesses). The state of an action is read from what survives a kill: database and journal. The tests of a
/// class share one: the processes that one test started again serve the next, each with a deleted pod of its own.
/// </summary>
public sealed class KilledScene : IAsyncLifetime
{
    internal const string Node = "node1";
    internal const int Entries = 1_500;
    internal const int Witnesses = 20;

    private const string OtherIp = "10.1.0.6";
    private const string Vip = "10.96.0.10";
    private const string AdaToken = "ada-sign-in-token-of-the-test", EveToken = "eve-sign-in-token-of-the-test";
    private static readonly string[] Outcomes = ["completed", "resolved", "interrupted", "refused", "expired"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cc-kill-");
    private readonly ObjectStore _store = new();

    // A unique loopback address: the same before and after a kill, and of no other console.
    private readonly Uri _url = new($"http://127.{Random.Shared.Next(1, 255)}.{Random.Shared.Next(256)}.{Random.Shared.Next(1, 255)}:5080");
    private readonly List<ApiCaller> _callers = [];
    private readonly HashSet<string> _earlier = [];
    private ApiServer? _cluster;
    private int _pods;
    private Process? _console;
    private Process? _collector;
    private ApiCaller? _ada;
    private ApiCaller? _eve;

    internal NetworkNamespace Inside { get; } = NetworkNamespace.Create($"cckill-{Guid.NewGuid():n}"[..15]);

    /// <summary>The address of the pod that was deleted last.</summary>
    internal string PodIp => $"10.1.1.{_pods}";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string KubeconfigFile => Path.Combine(_folder.FullName, "kubeconfig");

    public async ValueTask InitializeAsync()
    {
        _cluster = await ApiServer.StartAsync(_store, bookmarkInterval: TimeSpan.FromSeconds(1));
        Kubeconfig.Write(KubeconfigFile, _cluster);
        CreateObjects();
    }

    /// <summary>Both processes run; another pod was deleted, and the kernel has no entries but its own and the witnesses'.</summary>
    internal async Task PrepareAsync()
    {
        _pods++;
        _earlier.UnionWith(File.Exists(Path.Combine(_folder.FullName, "console.db")) ? Rows(db => db.Actions).Select(a => a.Id) : []);
        await LoadAsync();
        var pod = CreatePod(PodIp);
        pod.Terminating();
        var missing = (_console is null ? Victim.Console : 0) | (_collector is null ? Victim.Collector : 0);
        if (missing != 0)
            await StartAsync(missing);
        pod.Delete();
        await Eventually.TrueAsync(() => Rows(db => db.Terminations).Any(t => t.PodIp == PodIp && t.DeletedMs is not null));
    }

    /// <summary>Starts the processes, and waits until they are connected to each other and to the cluster.</summary>
    internal async Task StartAsync(Victim which)
    {
        var before = StoredFrames.Rows(_folder, Node);
        if (which.HasFlag(Victim.Collector))
            _collector = OutageProcesses.Collector(Inside, _folder, Node);
        if (which.HasFlag(Victim.Console))
        {
            _console = await OutageProcesses.ConsoleAsync(
                _folder, KubeconfigFile, _url.ToString(), new SignInLinkOptions { Name = "ada", Role = "operator", Token = AdaToken },
                new SignInLinkOptions { Name = "eve", Role = "approver", Token = EveToken });
            _callers.Add(_ada = await ApiCaller.SignInAsync(_url, AdaToken));
            _callers.Add(_eve = await ApiCaller.SignInAsync(_url, EveToken));
        }

        await Eventually.TrueAsync(async () => (await _ada!.GetAsync("/readyz")).Status == HttpStatusCode.OK);
        // A frame of this run, or another one of the same run: it is connected.
        await Eventually.TrueAsync(() => StoredFrames.Rows(_folder, Node) is var now
            && (which.HasFlag(Victim.Collector) ? now.Any(row => before.All(old => old.Run != row.Run)) : now.Count > before.Count));
    }

    /// <summary>kill -9.</summary>
    internal async Task KillAsync(Victim which)
    {
        Process?[] processes = [which.HasFlag(Victim.Console) ? _console : null, which.HasFlag(Victim.Collector) ? _collector : null];
        await OutageProcesses.KillAsync([.. processes.OfType<Process>()]);
        _console = which.HasFlag(Victim.Console) ? null : _console;
        _collector = which.HasFlag(Victim.Collector) ? null : _collector;
    }

    /// <summary>Requests, confirms and approves an action, as far as requested and as long as a console responds.</summary>
    internal async Task ExecuteAsync(object request, bool confirm, bool approve)
    {
        try
        {
            var created = await _ada!.PostAsync("/api/v1/actions", request);
            if (!confirm || created.Status != HttpStatusCode.Created)
                return;
            var confirmed = await ConfirmAsync(created.Body);
            if (approve && State(confirmed.Body) == "Waiting")
                await ApproveAsync(created.Body);
        }
        catch (HttpRequestException)
        {
            // The console was killed while it handled the request.
        }
    }

    internal Task<ApiAnswer> ConfirmAsync(JsonElement action) => _ada!.PostAsync($"/api/v1/actions/{Text(action, "id")}/confirm", new
    {
        digest = Text(action, "digest"), typed = Text(action, "typeToConfirm"), reason = "the pod is gone",
    });

    internal Task<ApiAnswer> ApproveAsync(JsonElement action) =>
        _eve!.PostAsync($"/api/v1/actions/{Text(action, "id")}/approve", new { digest = Text(action, "digest") });

    /// <summary>Completes the missing user steps of an action until it has ended; null if the console does not know it.</summary>
    internal async Task<JsonElement?> FinishAsync(string id)
    {
        ApiAnswer answer = null!;
        ApiAnswer? step = null;
        await Eventually.TrueAsync(
            async () =>
            {
                answer = await _ada!.GetAsync($"/api/v1/actions/{id}");
                if (answer.Status == HttpStatusCode.NotFound)
                    return true;
                Assert.Equal(HttpStatusCode.OK, answer.Status);
                step = State(answer.Body) switch
                {
                    "Previewed" => await ConfirmAsync(answer.Body),
                    "Waiting" => await ApproveAsync(answer.Body),
                    "Approved" or "Running" or "Unknown" => null,
                    _ => answer,
                };
                return step == answer;
            }, state: () => $"{answer.Text}; the last step returned {step?.Text}", expression: $"action {id} has ended");
        return answer.Status == HttpStatusCode.NotFound ? null : answer.Body;
    }

    internal Task<JsonElement> UntilAsync(
        string id, Func<JsonElement, bool> condition, TimeSpan timeout, [CallerArgumentExpression(nameof(condition))] string expression = "") =>
        Eventually.ValueAsync(
            () => ReadAsync(id), condition, timeout, action => $"{action}; the audit log has {string.Join(", ", Audit(id).Select(r => r.What))}", expression);

    private async Task<JsonElement> ReadAsync(string id) => (await _ada!.GetAsync($"/api/v1/actions/{id}")).Body;

    /// <summary>Polls every millisecond until the audit log has a row of this kind.</summary>
    /// <returns>The action's id.</returns>
    internal string UntilAudited(string what) => UntilRow("SELECT ActionId FROM Audit WHERE What = $value ORDER BY Id DESC LIMIT 1", what);

    /// <summary>Polls every millisecond until an action is in this state.</summary>
    /// <returns>Its id.</returns>
    internal string UntilIn(ActionState state) => UntilRow("SELECT Id FROM Actions WHERE State = $value ORDER BY AskedMs DESC LIMIT 1", state.ToString());

    /// <summary>Polls without a pause until the node's journal has such a line.</summary>
    internal void UntilJournal(Func<JournalLine, bool> line, string what) => Eventually.True(() => Journal().Any(line), interval: TimeSpan.Zero, expression: what);

    /// <summary>Waits until entries are being deleted.</summary>
    internal void UntilDeleting() => Inside.Run(() => Eventually.True(
        () => int.Parse(File.ReadAllText("/proc/sys/net/netfilter/nf_conntrack_count"), CultureInfo.InvariantCulture) < Entries + Witnesses,
        interval: TimeSpan.Zero, expression: "a deletion"));

    /// <summary>The complete lines of the node's journal.</summary>
    internal List<JournalLine> Journal()
    {
        string path = Path.Combine(_folder.FullName, "state", "journal.jsonl");
        var lines = new List<JournalLine>();
        foreach (string text in File.Exists(path) ? File.ReadAllText(path).Split('\n') : [])
        {
            if (JournalLine.TryParse(System.Text.Encoding.UTF8.GetBytes(text), out var line))
                lines.Add(line);
        }

        return lines;
    }

    /// <summary>How often the node began the action.</summary>
    internal int Begun(string id) => Journal().Count(line => line.Phase == JournalPhase.Begin && line.ActionId == id);

    /// <summary>Oldest first.</summary>
    internal List<AuditRow> Audit(string id) => Rows(db => db.Audit.Where(r => r.ActionId == id).OrderBy(r => r.Id));

    /// <summary>Exit code and output of conntrack-console audit verify.</summary>
    private async Task<(int Exit, string Output)> VerifyAsync()
    {
        using StringWriter output = new(), error = new();
        int exit = await ConsoleCommands.RunAsync(["audit", "verify", $"--Storage:DataDirectory={_folder.FullName}"], output, error);
        return (exit, output.ToString() + error);
    }

    /// <summary>Number of entries of the pod's address, and of the witnesses.</summary>
    internal async Task<(int Left, int Witnesses)> EntriesAsync() => (await CountAsync(PodIp), await CountAsync(OtherIp));

    internal string ReadSysctl(string name) => Inside.Run(() => File.ReadAllText("/proc/sys/net/netfilter/" + name)).Trim();

    /// <summary>The audit log begins with the request, has an outcome, and is intact.</summary>
    internal async Task AssertAuditedAsync(string id)
    {
        var steps = Audit(id).ConvertAll(r => r.What.Split('.')[1]);
        Assert.Equal("requested", steps[0]);
        Assert.True(steps.Intersect(Outcomes).Any(), $"The audit log has no outcome: {string.Join(", ", steps)}");
        Assert.InRange(steps.Count(s => s == "completed"), 0, 1);
        var (exit, text) = await VerifyAsync();
        Assert.True(exit == 0, text);
    }

    /// <summary>An action that was confirmed and approved cannot be confirmed or approved again.</summary>
    internal async Task AssertNotAgainAsync(string id, JsonElement? action)
    {
        if (action is not { } shown)
            return;
        foreach (var again in new[] { await ConfirmAsync(shown), await ApproveAsync(shown) })
            Assert.True(again.Status is HttpStatusCode.Gone or HttpStatusCode.Conflict or HttpStatusCode.NotFound, again.Text);
        Assert.InRange(Begun(id), 0, 1);
    }

    /// <summary>Writes the action's outcome to the test output.</summary>
    internal void Log(string id, JsonElement? action) => TestContext.Current.TestOutputHelper!.WriteLine(
        $"{(action is { } known ? $"{State(known)}: {Text(known, "sentence")}" : "never shown")} [{string.Join(", ", Audit(id).Select(r => r.What))}]");

    internal static string State(JsonElement action) => Text(action, "state") ?? "";

    internal static string? Text(JsonElement action, string name) =>
        action.ValueKind == JsonValueKind.Object && action.TryGetProperty(name, out var value) ? value.GetString() : null;

    public async ValueTask DisposeAsync()
    {
        await KillAsync(Victim.Both);
        _callers.ForEach(caller => caller.Dispose());
        if (_cluster is not null)
            await _cluster.DisposeAsync();
        Inside.Dispose();
        NetworkNamespace.Delete(Inside.Name);
        SqliteConnection.ClearAllPools();
        _folder.Delete(true);
    }

    private void CreateObjects()
    {
        _store.Put("nodes", new JsonObject
        {
            ["metadata"] = Metadata.Create(Node, null),
            ["spec"] = new JsonObject(),
            ["status"] = new JsonObject
            {
                ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }),
                ["addresses"] = new JsonArray(new JsonObject { ["type"] = "InternalIP", ["address"] = "192.168.0.1" }),
            },
        });
        var service = new LabService("shop", "checkout", Ip.Parse(Vip), 80, 8080);
        var json = service.ToJson();
        _store.Put("services", json);
        new EndpointSliceObject(_store, service, json).Set(CreatePod(OtherIp), OtherIp, Node, ready: true, serving: true, terminating: false);
    }

    private PodObject CreatePod(string ip)
    {
        var pod = new PodObject(_store, "shop", "checkout", "5d8f", Node, "192.168.0.1", 8080, 0);
        pod.Scheduled();
        pod.Creating();
        pod.Running(ip);
        pod.Ready();
        return pod;
    }

    private async Task LoadAsync()
    {
        string file = Path.Combine(_folder.FullName, "entries");
        await File.WriteAllLinesAsync(file, Enumerable.Range(0, Entries + Witnesses).Select(n =>
        {
            string client = $"10.2.{n / 250}.{(n % 250) + 1}", pod = n < Entries ? PodIp : OtherIp;
            return $"-A -p tcp -s {client} -d {Vip} --sport 1000 --dport 80 -r {pod} -q {client} --reply-port-src 8080 --reply-port-dst 1000 --state ESTABLISHED --timeout 250 -u SEEN_REPLY,ASSURED";
        }), Ct);
        await ConntrackAsync("-F");
        await ConntrackAsync("-R", file);
    }

    private async Task<int> CountAsync(string podIp) => (await ConntrackAsync("-L", "-r", podIp)).Split('\n').Count(line => line.Contains($"src={podIp}", StringComparison.Ordinal));

    private async Task<string> ConntrackAsync(params string[] arguments)
    {
        var (code, output) = await RunningLab.RunAsync("ip", ["netns", "exec", Inside.Name, "conntrack", .. arguments]);
        Assert.True(code == 0, output);
        return output;
    }

    private List<T> Rows<T>(Func<ConsoleDb, IQueryable<T>> table)
        where T : class
    {
        using var db = new ConsoleFile(_folder).CreateDbContext();
        return [.. table(db).AsNoTracking()];
    }

    private string UntilRow(string query, string value)
    {
        using var connection = new SqliteConnection($"Data Source={_folder.FullName}/console.db;Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = query;
        command.Parameters.AddWithValue("$value", value);
        string? id = null;
        // The step after a row is a request away; polling without a pause would take a CPU from the processes that work on it.
        Eventually.True(() => (id = command.ExecuteScalar() as string) is not null && !_earlier.Contains(id), interval: TimeSpan.FromMilliseconds(1), expression: $"{query} with {value}");
        return id!;
    }
}
