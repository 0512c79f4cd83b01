using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Ingest;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>Connections for the attacks.</summary>
internal static partial class HubAttacks
{
    // A report of one node must not change the preview of another node.
    private static Task<string> ForgedAsync(AttackedConsole c, string ask, JournalOrigin origin) => NodeAsync(c, async (hub, _) =>
    {
        var person = c.Operator();
        var shown = (await person.RequestAsync(ask)).Ok("Previewed");
        Assert.Equal(1, await hub.InvokeAsync<long>(HubMethods.Journal, Report(shown.Id, origin), Ct));
        return (await c.Host.Get<ActionStore>().FindAsync(shown.Id, Ct))!.State.ToString();
    });

    private static JournalReport Report(string actionId, JournalOrigin origin = JournalOrigin.Timer) => new(
        Guid.NewGuid().ToString("N"), [new JournalEntry(1, 1, origin, actionId, "setting", AttackedByConsole.Acct, "mallory", null, "1", "0", "reverted", null, false, actionId, SettingOutcome.Reverted)]);

    private static FlowEntry Entry(string backend) =>
        new("tcp", "ESTABLISHED", "10.9.0.1", 40_000, Vip, 80, backend, 8080, "10.9.0.1", 40_000, 0, 1, 300, 0, FlushEffect.FailsFast);

    private static async Task<string> AskedOfAsync(AttackedConsole c, Func<string, PreviewRequest, FlushPreview> lie) => await NodeAsync(c, async (_, ip) =>
        (await c.Operator().RequestAsync(ActionBodies.Flush(ip, nodes: """["node3"]"""))).Detail, hub => hub.On<PreviewRequest, FlushPreview>(HubMethods.Preview, request => lie("node3", request)));

    /// <summary>A third node of the cluster, connected with its own secret.</summary>
    private static async Task<string> NodeAsync(AttackedConsole c, Func<HubConnection, string, Task<string>> attack, Action<HubConnection>? listen = null)
    {
        c.Host.SetCluster(new NodeChange(Node("node3", "192.168.0.3"), false));
        try
        {
            await using var hub = Build(c, [(NodeSecret.Header, "node3"), Bearer(Secret("node3"))]);
            listen?.Invoke(hub);
            await hub.StartAsync(Ct);
            Assert.True((await hub.InvokeAsync<Welcome>(HubMethods.Hello, Tests.Timeline.Frames.Hello("node3", 1), Ct)).Accepted);
            string answer = await attack(hub, AttackedConsole.Dead);
            await hub.StopAsync(Ct);
            await Eventually.TrueAsync(() => !c.Host.Get<CollectorLink>().ConnectedNodes.Contains("node3"));
            return answer;
        }
        finally
        {
            c.Host.SetCluster(new NodeChange(Node("node3", "192.168.0.3"), true));
        }
    }

    private static Task<string> OpenAsync(AttackedConsole c, string node, string secretOf, Func<HubConnection, Task<Welcome>> attack) =>
        OpenAsync(c, node, secretOf, async hub => (await attack(hub)).Code ?? "let in");

    private static async Task<string> OpenAsync(AttackedConsole c, string node, string secretOf, Func<HubConnection, Task<string>> attack)
    {
        Assert.NotEmpty(node);
        await using var hub = Build(c, [(NodeSecret.Header, secretOf), Bearer(Secret(secretOf))]);
        await hub.StartAsync(Ct);
        return await attack(hub);
    }

    private static HubConnection Build(AttackedConsole c, (string Name, string Value)[] headers)
    {
        var builder = new HubConnectionBuilder().WithUrl(c.Host.Url + HubMethods.Path, options =>
        {
            foreach (var (name, value) in headers)
                options.Headers[name] = value;
        });
        builder.Services.Configure<JsonHubProtocolOptions>(json => json.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, WireJson.Default));
        return builder.Build();
    }

    private static (string, string) Bearer(string secret) => ("Authorization", NodeSecret.Scheme + secret);

    private static string Secret(string node) => NodeSecret.Of(ConsoleHost.Token, node);

    private static async Task<string> Closed(HubConnection hub)
    {
        var closed = new TaskCompletionSource();
        hub.Closed += _ =>
        {
            closed.TrySetResult();
            return Task.CompletedTask;
        };
        await closed.Task.WaitAsync(TimeSpan.FromSeconds(60), Ct);
        return "closed";
    }

    private static async IAsyncEnumerable<byte[]> EmptyAsync()
    {
        await Task.CompletedTask;
        yield break;
    }

    private static async IAsyncEnumerable<byte[]> OneAsync(byte[] frame)
    {
        await Task.CompletedTask;
        yield return frame;
    }
}
