using System.Text.Json.Nodes;
using ConntrackConsole.Actions;
using ConntrackConsole.Audit;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Identity;
using ConntrackConsole.Ingest;
using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Integration.Hosting;
using Microsoft.EntityFrameworkCore;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>The real console with all its users, over two real nodes; their entries must survive every attack.</summary>
public sealed class AttackedConsole : IAsyncLifetime
{
    internal const string Dead = "10.1.0.5", Live = "10.1.0.6", Ending = "10.1.0.7", NeverSeen = "10.1.0.99", HostPod = "192.168.0.77", DeadV6 = "fd00:1::5";

    private const int Operators = 12;
    private static readonly string[] NodeNames = ["node1", "node2"];

    // Addresses that a compromised API server or a faulty CNI may report as pod addresses.
    internal static readonly string[] Impossible = [AttackedNode.Gateway, AttackedNode.PodBridge, AttackedNode.PodBroadcast, "127.0.0.1", "224.0.0.1", "255.255.255.255", "0.0.0.0", "::1", "ff02::1", "::"];

    private readonly Dictionary<string, Person> _people = [];
    private readonly List<AttackedNode> _nodes = [];
    private int _turn;
    private int _dead = 20;

    internal ConsoleHost Host { get; private set; } = null!;

    internal AttackedNode Node1 => _nodes[0];

    /// <summary>A user by the name of a link; strangers have no session.</summary>
    internal Person this[string name] => _people[name];

    /// <summary>Rotates the operators: each may request 30 previews per minute.</summary>
    internal Person Operator() => _people[$"operator{_turn++ % Operators}"];

    public async ValueTask InitializeAsync()
    {
        Host = await ConsoleHost.StartWithAsync(null, Settings());
        PublishCluster();
        // Entries of addresses that no pod can have, and of ones that a pod may get: none of them may be deleted here.
        string[] backends = [Dead, Dead, Dead, Live, Ending, NeverSeen, HostPod, DeadV6, "192.168.0.1", AttackedNode.Gateway, AttackedNode.PodBridge, AttackedNode.PodBroadcast, "10.96.0.10"];
        _nodes.Add(await AttackedNode.StartAsync("node1", Host.Folder, "192.168.0.1", backends));
        _nodes.Add(await AttackedNode.StartAsync("node2", Host.Folder, "192.168.0.2", [Dead, Live]));
        await ConnectedAsync();
        foreach (string name in Roles.Keys)
        {
            _people[name] = new Person(name, () => Host.Url);
            await _people[name].SignInAsync(Token(name));
        }

        _people["stranger"] = new Person("stranger", () => Host.Url);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var person in _people.Values)
            person.Dispose();
        foreach (var node in _nodes)
            await node.DisposeAsync();
        await Host.DisposeAsync();
    }

    internal async Task AssertUntouchedAsync()
    {
        foreach (var node in _nodes)
            await node.AssertUntouchedAsync();
    }

    /// <summary>A former pod with an entry on node1, for a single attack.</summary>
    internal async Task<string> DeadPodAsync()
    {
        string ip = $"10.1.0.{_dead++}";
        Former(ip);
        await Node1.InsertAsync([AttackedNode.Entry(ip, 41_000 + _dead)]);
        return ip;
    }

    /// <summary>A former pod had the address.</summary>
    internal void Former(string ip) => Host.TellCluster(new PodChange(Pod($"x{ip}", ip), false), new PodChange(Pod($"x{ip}", ip), true));

    /// <summary>A new pod gets the address.</summary>
    internal void Reassign(string ip, string uid = "heir") => Host.TellCluster(new PodChange(Pod($"{uid}{ip}", ip), false));

    internal void End(string ip, string uid = "heir") => Host.TellCluster(new PodChange(Pod($"{uid}{ip}", ip), true));

    /// <summary>The EndpointSlice of the Service lists the address as ready, or not.</summary>
    internal void List(string ip, bool listed)
    {
        var live = Ready(Pod("live", Live));
        Host.TellCluster(new SliceChange(listed ? Slice(live, live with { Addresses = [Kernel.Net.Ip.Parse(ip)], PodUid = null }) : Slice(live), false));
    }

    /// <summary>Changes the database, as time or another writer would.</summary>
    internal async Task ChangeAsync(Func<ConsoleDb, Task> change)
    {
        await using var db = await Host.Get<IDbContextFactory<ConsoleDb>>().CreateDbContextAsync(TestContext.Current.CancellationToken);
        await change(db);
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Lets an action expire.</summary>
    internal Task AgeAsync(string id) => ChangeAsync(async db =>
    {
        var row = await db.Actions.SingleAsync(r => r.Id == id);
        var plan = JsonNode.Parse(row.Plan)!;
        plan["expiresMs"] = 1;
        row.Plan = plan.ToJsonString();
    });

    internal async Task SignOutAsync(Person person)
    {
        string session = (await Host.Get<AuditLog>().ReadAsync(new AuditFilter(Who: person.Name, What: "signin"), TestContext.Current.CancellationToken))[0].Session!;
        await Host.Get<Sessions>().SignOutAsync(new Principal(person.Name, Role.Operator, session, null), TestContext.Current.CancellationToken);
    }

    /// <summary>Restarts the console with a changed role of a user.</summary>
    internal async Task RestartAsync(string name, string role)
    {
        Host = await Host.RestartWithAsync(Settings((name, role)));
        PublishCluster();
        await ConnectedAsync();
    }

    private static readonly IReadOnlyDictionary<string, string> Roles = new Dictionary<string, string>(
        Enumerable.Range(0, Operators).Select(n => KeyValuePair.Create($"operator{n}", "operator")))
    {
        ["olivia"] = "operator", ["oscar"] = "operator", ["expired"] = "operator", ["left"] = "operator", ["lowered"] = "operator", ["hasty"] = "operator",
        ["anna"] = "approver", ["arno"] = "approver", ["vera"] = "viewer", ["adam"] = "admin", ["bruno"] = "break-glass",
    };

    private static string Token(string name) => $"sign-in-token-of-{name}";

    private static string[] Settings(params (string Name, string Role)[] changes) =>
    [
        $"--Collectors:Token={ConsoleHost.Token}", "--Actions:PerUser=1000", "--Actions:PerNode=1000", "--Actions:PerCluster=10000",
        .. Roles.SelectMany((link, place) => new[]
        {
            $"--Identity:Links:{place}:Name={link.Key}", $"--Identity:Links:{place}:Token={Token(link.Key)}",
            $"--Identity:Links:{place}:Role={(changes.FirstOrDefault(c => c.Name == link.Key) is { Role: { } role } ? role : link.Value)}",
        }),
    ];

    /// <summary>Two nodes, a Service with a live pod, and former pods, at possible and at impossible addresses.</summary>
    internal void PublishCluster()
    {
        PodInfo[] former = [Pod("dead", Dead), Pod("dead6", DeadV6), .. Impossible.Select((ip, place) => Pod($"impossible{place}", ip))];
        var live = Pod("live", Live);
        Host.TellCluster(
        [
            new NodeChange(Node("node1", "192.168.0.1"), false), new NodeChange(Node("node2", "192.168.0.2"), false),
            new ServiceChange(Service(), false), new SliceChange(Slice(Ready(live)), false),
            new PodChange(live, false), new PodChange(Pod("ending", Ending).Terminating(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()), false),
            new PodChange(Pod("host", HostPod) with { HostNetwork = true }, false),
            .. former.Select(pod => new PodChange(pod, false)), .. former.Select(pod => new PodChange(pod, true)),
        ]);
    }

    private Task ConnectedAsync() => Eventually.TrueAsync(() => NodeNames.All(Host.Get<CollectorLink>().ConnectedNodes.Contains));
}
