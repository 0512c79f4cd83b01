using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Ingest;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.SignalR.Client;
using Xunit;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>Attacks on the authentication of collectors and on the hub.</summary>
internal static partial class HubAttacks
{
    private const string Unauthorized = "401", Missing = "Method does not exist";

    public static readonly HubAttack[] All =
    [
        Connect("no secret", _ => []),
        Connect("a node's name and no secret", _ => [(NodeSecret.Header, "node1")]),
        Connect("a secret and no node's name", _ => [Bearer(Secret("node1"))]),
        Connect("another console's secret", _ => [(NodeSecret.Header, "node1"), Bearer(NodeSecret.Of("another console's token", "node1"))]),
        Connect("another node's secret", _ => [(NodeSecret.Header, "node1"), Bearer(Secret("node2"))]),
        Connect("the console's token itself", _ => [(NodeSecret.Header, "node1"), Bearer(ConsoleHost.Token)]),
        Connect("the secret in capitals", _ => [(NodeSecret.Header, "node1"), Bearer(Secret("node1").ToUpperInvariant())]),
        Connect("half a secret", _ => [(NodeSecret.Header, "node1"), Bearer(Secret("node1")[..32])]),
        Connect("an empty secret", _ => [(NodeSecret.Header, "node1"), Bearer("")]),
        Connect("the secret by another scheme", _ => [(NodeSecret.Header, "node1"), ("Authorization", "Basic " + Secret("node1"))]),
        Connect("the node's name in capitals", _ => [(NodeSecret.Header, "NODE1"), Bearer(Secret("node1"))]),
        Connect("two nodes' names", _ => [(NodeSecret.Header, "node1,node2"), Bearer(Secret("node1"))]),
        Connect("the cookie of an admin", c => [("Cookie", c["adam"].Cookie)]),
        Connect("the cookie of an admin and a node's name", c => [("Cookie", c["adam"].Cookie), (NodeSecret.Header, "node1")]),
        new("the hub's path in capitals, with no secret", Unauthorized, async c => $"{(await c["adam"].PostAsync("/HUBS/COLLECTOR/negotiate?negotiateVersion=1", "")).Status}"),

        Hello("as another node", CollectorErrorCodes.OtherNode, "node1", hello => hello, secretOf: "node2"),
        Hello("as a node that the cluster has not", CollectorErrorCodes.UnknownNode, "node7", hello => hello),
        Hello("as an older collector of a node", CollectorErrorCodes.NewerCollector, "node1", hello => hello with { StartedAtMs = 1 }),
        Hello("with a version of 10,000 letters", CollectorErrorCodes.UnsupportedIntroduction, "node1", hello => hello with { Version = new string('v', 10_000) }),
        Hello("with 65 capabilities", CollectorErrorCodes.UnsupportedIntroduction, "node1", hello => hello with { Capabilities = [.. Enumerable.Repeat(new Capability("x", true, ""), 65)] }),
        Hello("with a setting of 10,000 letters", CollectorErrorCodes.UnsupportedIntroduction, "node1", hello => hello with { Sysctls = new Dictionary<string, string> { ["x"] = new('x', 10_000) } }),
        new("a second introduction", CollectorErrorCodes.IntroducedTwice, c => NodeAsync(c, async (hub, _) =>
            (await hub.InvokeAsync<Welcome>(HubMethods.Hello, Tests.Timeline.Frames.Hello("node3", 2), Ct)).Code!)),
        new("an introduction that is null", CollectorErrorCodes.OtherNode, c => OpenAsync(c, "node1", "node1", hub => hub.InvokeAsync<Welcome>(HubMethods.Hello, null, Ct))),

        new("a journal before the introduction", "0 written", c => OpenAsync(c, "node1", "node1", async hub => $"{await hub.InvokeAsync<long>(HubMethods.Journal, Report("flush-1"), Ct)} written")),
        new("frames before the introduction", "closed", c => OpenAsync(c, "node1", "node1", async hub =>
        {
            var closed = Closed(hub);
            await hub.SendAsync(HubMethods.Frames, EmptyAsync(), Ct);
            return await closed;
        })),
        new("an invalid frame", "closed", c => NodeAsync(c, async (hub, _) =>
        {
            var closed = Closed(hub);
            await hub.SendAsync(HubMethods.Frames, OneAsync([0xFF, 0xFF, 0xFF, 0xFF]), Ct);
            return await closed;
        })),
        new("a message beyond its bound", "closed", c => NodeAsync(c, async (hub, _) =>
        {
            var closed = Closed(hub);
            await hub.SendAsync(HubMethods.Journal, Report(new string('x', IngestServices.MaxHubMessage)), Ct);
            return await closed;
        })),
        Call(HubMethods.Flush, new FlushNodeCommand(new NodeCommand("a", "mallory", null, "x", false, long.MaxValue), "p", "d", new OwnershipStatement(AttackedConsole.Dead, OwnerState.Gone, null, 0))),
        Call(HubMethods.Preview, new PreviewRequest("p", AttackedConsole.Dead, new OwnershipStatement(AttackedConsole.Dead, OwnerState.Gone, null, 0))),
        Call(HubMethods.ApplySetting, new SettingNodeCommand(new NodeCommand("a", "mallory", null, "x", false, long.MaxValue), "nf_conntrack_acct", "0", "1", 60_000)),
        Call(HubMethods.RevertSetting, new RevertNodeCommand(new NodeCommand("a", "mallory", null, "x", false, long.MaxValue), "a")),
        Call(HubMethods.Recall, new RecallRequest("a")),
        Call(HubMethods.Watch, new WatchList([AttackedConsole.Live])),
        Call(HubMethods.Stored, new StoredRanges(1, [])),
        Call("AskAsync", new RecallRequest("a")),
        Call("ConfirmAsync", new RecallRequest("a")),
        Call("OnDisconnectedAsync", new RecallRequest("a")),
        Call("Dispose", new RecallRequest("a")),

        new("a preview's answer in another node's name", "No node answered", c => AskedOfAsync(c, (node, request) =>
            new FlushPreview(request.PreviewId, "node1", "d", [Entry(request.PodIp)], Soon, null, true))),
        new("a preview's answer under another id", "No node answered", c => AskedOfAsync(c, (node, request) =>
            new FlushPreview("flush-1", node, "d", [Entry(request.PodIp)], Soon, null, true))),
        new("a preview's answer with an entry of another address", "No node answered", c => AskedOfAsync(c, (node, request) =>
            new FlushPreview(request.PreviewId, node, "d", [Entry(request.PodIp), Entry(AttackedConsole.Live)], Soon, null, true))),
        new("a preview's answer beyond its bound", "No node answered", c => AskedOfAsync(c, (node, request) =>
            new FlushPreview(request.PreviewId, node, "d", [.. Enumerable.Repeat(Entry(request.PodIp), IngestServices.MaxHubMessage / 200)], Soon, null, true))),
        new("a flush's answer in another node's name", "Unknown", c => NodeAsync(c, async (_, ip) =>
        {
            var person = c.Operator();
            var shown = (await person.RequestAsync(ActionBodies.Flush(ip, nodes: """["node3"]"""))).Ok("Previewed");
            return (await person.ConfirmAsync(shown)).Ok().State;
        }, hub =>
        {
            hub.On<PreviewRequest, FlushPreview>(HubMethods.Preview, request => new FlushPreview(request.PreviewId, "node3", "d", [Entry(request.PodIp)], Soon, null, true));
            hub.On<FlushNodeCommand, FlushResult>(HubMethods.Flush, request => new FlushResult(request.Command.ActionId, "node1", 1, 1, 0, 0, 0, 0, null, [], 1));
        })),
        new("a journal with another node's preview of a setting, reverted", "Previewed", c => ForgedAsync(c, ActionBodies.Setting("nf_conntrack_acct", "1"), JournalOrigin.Timer)),
        new("a journal with another node's preview of a flush, executed", "Previewed", c => ForgedAsync(c, ActionBodies.Flush(AttackedConsole.Dead), JournalOrigin.Console)),
        new("a journal with another node's preview of a flush, typed", "Previewed", c => ForgedAsync(c, ActionBodies.Flush(AttackedConsole.Dead), JournalOrigin.CommandLine)),
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static long Soon => DateTimeOffset.UtcNow.AddSeconds(60).ToUnixTimeMilliseconds();

    private static HubAttack Connect(string name, Func<AttackedConsole, (string, string)[]> headers) => new($"a connection with {name}", Unauthorized, async c =>
    {
        await using var hub = Build(c, headers(c));
        return (await Assert.ThrowsAnyAsync<Exception>(() => hub.StartAsync(Ct))).Message;
    });

    private static HubAttack Hello(string name, string fragment, string node, Func<Hello, Hello> change, string? secretOf = null) =>
        new($"an introduction {name}", fragment, c => OpenAsync(c, node, secretOf ?? node, async hub =>
            (await hub.InvokeAsync<Welcome>(HubMethods.Hello, change(Tests.Timeline.Frames.Hello(node, long.MaxValue)), Ct)).Code ?? "let in"));

    private static HubAttack Call(string method, object argument) => new($"a call of {method}", Missing, c => NodeAsync(c, async (hub, _) =>
        (await Assert.ThrowsAnyAsync<Exception>(() => hub.InvokeCoreAsync(method, [argument], Ct))).Message));
}
