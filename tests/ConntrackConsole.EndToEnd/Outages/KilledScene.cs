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
/// A console and a collector as processes, a cluster with one deleted pod, and a kernel with entries for it and for another
/// pod (the witnesses). The state of an action is read from what survives a kill: database and journal.
/// </summary>
internal sealed class KilledScene : IAsyncDisposable
{
    public const string Node = "node1";
    public const string PodIp = "10.1.0.5";
    public const int Entries = 1_500;
    public const int Witnesses = 20;

    private const string OtherIp = "10.1.0.6";
    private const string Vip = "10.96.0.10";
    private const string AdaToken = "ada-sign-in-token-of-the-test", EveToken = "eve-sign-in-token-of-the-test";
    private static readonly string[] Outcomes = ["completed", "resolved", "interrupted", "refused", "expired"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cc-kill-");
    private readonly ApiServer _cluster;

    // A unique loopback address: the same before and after a kill, and of no other console.
    private readonly Uri _url = new($"http://127.{Random.Shared.Next(1, 255)}.{Random.Shared.Next(256)}.{Random.Shared.Next(1, 255)}:5080");
    private readonly List<ApiCaller> _callers = [];
    private Process? _console;
    private Process? _collector;
    private ApiCaller? _ada;
    private ApiCaller? _eve;

    private KilledScene(ApiServer cluster) => _cluster = cluster;

    public NetworkNamespace Inside { get; } = NetworkNamespace.Create($"cckill-{Guid.NewGuid():n}"[..15]);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string KubeconfigFile => Path.Combine(_folder.FullName, "kubeconfig");

    public static async Task<KilledScene> StartAsync()
    {
        var store = new ObjectStore();
        var scene = new KilledScene(await ApiServer.StartAsync(store, bookmarkInterval: TimeSpan.FromSeconds(1)));
        try
        {
            Kubeconfig.Write(scene.KubeconfigFile, scene._cluster);
            await scene.LoadAsync();
            var pod = CreateObjects(store);
            await scene.StartAsync(Victim.Both);
            pod.Delete();
            await Eventually.TrueAsync(() => scene.Rows(db => db.Terminations).Any(t => t.DeletedMs is not null));
            return scene;
        }
        catch
        {
            await scene.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the processes, and waits until they are connected to each other and to the cluster.</summary>
    public async Task StartAsync(Victim which)
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
    public async Task KillAsync(Victim which)
    {
        Process?[] processes = [which.HasFlag(Victim.Console) ? _console : null, which.HasFlag(Victim.Collector) ? _collector : null];
        await OutageProcesses.KillAsync([.. processes.OfType<Process>()]);
        _console = which.HasFlag(Victim.Console) ? null : _console;
        _collector = which.HasFlag(Victim.Collector) ? null : _collector;
    }

    /// <summary>Requests, confirms and approves an action, as far as requested and as long as a console responds.</summary>
    public async Task ExecuteAsync(object request, bool confirm, bool approve)
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

    public Task<ApiAnswer> ConfirmAsync(JsonElement action) => _ada!.PostAsync($"/api/v1/actions/{Text(action, "id")}/confirm", new
    {
        digest = Text(action, "digest"), typed = Text(action, "typeToConfirm"), reason = "the pod is gone",
    });

    public Task<ApiAnswer> ApproveAsync(JsonElement action) =>
        _eve!.PostAsync($"/api/v1/actions/{Text(action, "id")}/approve", new { digest = Text(action, "digest") });

    /// <summary>Completes the missing user steps of an action until it has ended; null if the console does not know it.</summary>
    public async Task<JsonElement?> FinishAsync(string id)
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

    public Task<JsonElement> UntilAsync(
        string id, Func<JsonElement, bool> condition, TimeSpan timeout, [CallerArgumentExpression(nameof(condition))] string expression = "") =>
        Eventually.ValueAsync(
            () => ReadAsync(id), condition, timeout, action => $"{action}; the audit log has {string.Join(", ", Audit(id).Select(r => r.What))}", expression);

    private async Task<JsonElement> ReadAsync(string id) => (await _ada!.GetAsync($"/api/v1/actions/{id}")).Body;

    /// <summary>Polls every millisecond until the audit log has a row of this kind.</summary>
    /// <returns>The action's id.</returns>
    public string UntilAudited(string what) => UntilRow("SELECT ActionId FROM Audit WHERE What = $value", what);

    /// <summary>Polls every millisecond until an action is in this state.</summary>
    /// <returns>Its id.</returns>
    public string UntilIn(ActionState state) => UntilRow("SELECT Id FROM Actions WHERE State = $value", state.ToString());

    /// <summary>Polls without a pause until the node's journal has such a line.</summary>
    public void UntilJournal(Func<JournalLine, bool> line, string what) => Eventually.True(() => Journal().Any(line), interval: TimeSpan.Zero, expression: what);

    /// <summary>Waits until entries are being deleted.</summary>
    public void UntilDeleting() => Inside.Run(() => Eventually.True(
        () => int.Parse(File.ReadAllText("/proc/sys/net/netfilter/nf_conntrack_count"), CultureInfo.InvariantCulture) < Entries + Witnesses,
        interval: TimeSpan.Zero, expression: "a deletion"));

    /// <summary>The complete lines of the node's journal.</summary>
    public List<JournalLine> Journal()
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
    public int Begun(string id) => Journal().Count(line => line.Phase == JournalPhase.Begin && line.ActionId == id);

    /// <summary>Oldest first.</summary>
    public List<AuditRow> Audit(string id) => Rows(db => db.Audit.Where(r => r.ActionId == id).OrderBy(r => r.Id));

    /// <summary>Exit code and output of conntrack-console audit verify.</summary>
    private async Task<(int Exit, string Output)> VerifyAsync()
    {
        using StringWriter output = new(), error = new();
        int exit = await ConsoleCommands.RunAsync(["audit", "verify", $"--Storage:DataDirectory={_folder.FullName}"], output, error);
        return (exit, output.ToString() + error);
    }

    /// <summary>Number of entries of the pod's address, and of the witnesses.</summary>
    public async Task<(int Left, int Witnesses)> EntriesAsync() => (await CountAsync(PodIp), await CountAsync(OtherIp));

    public string ReadSysctl(string name) => Inside.Run(() => File.ReadAllText("/proc/sys/net/netfilter/" + name)).Trim();

    /// <summary>The audit log begins with the request, has an outcome, and is intact.</summary>
    public async Task AssertAuditedAsync(string id)
    {
        var steps = Audit(id).ConvertAll(r => r.What.Split('.')[1]);
        Assert.Equal("requested", steps[0]);
        Assert.True(steps.Intersect(Outcomes).Any(), $"The audit log has no outcome: {string.Join(", ", steps)}");
        Assert.InRange(steps.Count(s => s == "completed"), 0, 1);
        var (exit, text) = await VerifyAsync();
        Assert.True(exit == 0, text);
    }

    /// <summary>An action that was confirmed and approved cannot be confirmed or approved again.</summary>
    public async Task AssertNotAgainAsync(string id, JsonElement? action)
    {
        if (action is not { } shown)
            return;
        foreach (var again in new[] { await ConfirmAsync(shown), await ApproveAsync(shown) })
            Assert.True(again.Status is HttpStatusCode.Gone or HttpStatusCode.Conflict or HttpStatusCode.NotFound, again.Text);
        Assert.InRange(Begun(id), 0, 1);
    }

    /// <summary>Writes the action's outcome to the test output.</summary>
    public void Log(string id, JsonElement? action) => TestContext.Current.TestOutputHelper!.WriteLine(
        $"{(action is { } known ? $"{State(known)}: {Text(known, "sentence")}" : "never shown")} [{string.Join(", ", Audit(id).Select(r => r.What))}]");

    public static string State(JsonElement action) => Text(action, "state") ?? "";

    public static string? Text(JsonElement action, string name) =>
        action.ValueKind == JsonValueKind.Object && action.TryGetProperty(name, out var value) ? value.GetString() : null;

    public async ValueTask DisposeAsync()
    {
        await KillAsync(Victim.Both);
        _callers.ForEach(caller => caller.Dispose());
        await _cluster.DisposeAsync();
        Inside.Dispose();
        NetworkNamespace.Delete(Inside.Name);
        SqliteConnection.ClearAllPools();
        _folder.Delete(true);
    }

    private static PodObject CreateObjects(ObjectStore store)
    {
        store.Put("nodes", new JsonObject
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
        store.Put("services", json);
        var slice = new EndpointSliceObject(store, service, json);
        var stays = new PodObject(store, "shop", "checkout", "5d8f", Node, "192.168.0.1", 8080, 0);
        var goes = new PodObject(store, "shop", "checkout", "5d8f", Node, "192.168.0.1", 8080, 0);
        foreach (var (pod, ip) in new[] { (stays, OtherIp), (goes, PodIp) })
        {
            pod.Scheduled();
            pod.Creating();
            pod.Running(ip);
            pod.Ready();
        }

        slice.Set(stays, OtherIp, Node, ready: true, serving: true, terminating: false);
        goes.Terminating();
        return goes;
    }

    private async Task LoadAsync()
    {
        string file = Path.Combine(_folder.FullName, "entries");
        await File.WriteAllLinesAsync(file, Enumerable.Range(0, Entries + Witnesses).Select(n =>
        {
            string client = $"10.2.{n / 250}.{(n % 250) + 1}", pod = n < Entries ? PodIp : OtherIp;
            return $"-A -p tcp -s {client} -d {Vip} --sport 1000 --dport 80 -r {pod} -q {client} --reply-port-src 8080 --reply-port-dst 1000 --state ESTABLISHED --timeout 250 -u SEEN_REPLY,ASSURED";
        }), Ct);
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
        Eventually.True(() => (id = command.ExecuteScalar() as string) is not null, interval: TimeSpan.FromMilliseconds(1), expression: $"{query} with {value}");
        return id!;
    }
}
