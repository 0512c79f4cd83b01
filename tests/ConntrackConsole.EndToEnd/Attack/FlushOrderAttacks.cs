using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>Previews and flushes of a console that lies.</summary>
internal static class FlushOrderAttacks
{
    private const string Pod = AttackedByConsole.Pod, Busy = AttackedByConsole.Busy, Unparsed = "parse", NoOwner = "does not say who owns";
    private const string NoList = "No such list", WrongDigest = "The digest is not that", OnlyGone = "only a pod that is gone, lost or terminating", Plain = "not an IP address in its plain form";
    private static readonly string Megabyte = new('x', 1024 * 1024);

    public static readonly NodeAttack[] All =
    [
        Shown("of a live pod", "is live", Pod, OwnerState.Live),
        Shown("of nobody's address", OnlyGone, Pod, OwnerState.Unknown),
        Shown("of a node's address", OnlyGone, Pod, OwnerState.Node),
        Shown("of a Service's address", OnlyGone, Pod, OwnerState.Service),
        Shown("of an owner's state that is no state", OnlyGone, Pod, (OwnerState)99),
        Shown("of the node's own address", "is an address of this node", "192.168.0.1"),
        Shown("of its own address towards its pods", "is an address of this node", AttackedNode.PodBridge),
        Shown("of its gateway", "is an address of this node or its gateway", AttackedNode.Gateway),
        Shown("of its pods' broadcast", "first or last of one of its networks", AttackedNode.PodBroadcast),
        Shown("of its pods' network", "first or last of one of its networks", "10.1.0.0"),
        Shown("of loopback", "not an address that a pod can have", "127.0.0.1"),
        Shown("of IPv6 loopback", "not an address that a pod can have", "::1"),
        Shown("of the unspecified", "not an address that a pod can have", "0.0.0.0"),
        Shown("of the IPv6 unspecified", "not an address that a pod can have", "::"),
        Shown("of multicast", "not an address that a pod can have", "224.0.0.1"),
        Shown("of IPv6 multicast", "not an address that a pod can have", "ff02::1"),
        Shown("of broadcast", "not an address that a pod can have", "255.255.255.255"),
        Shown("of a CIDR", Plain, "10.1.0.0/16"),
        Shown("of everything", Plain, "0.0.0.0/0"),
        Shown("of a mapped address", Plain, $"::ffff:{Pod}"),
        Shown("of leading zeros", Plain, "010.1.0.5"),
        Shown("of hex", Plain, "0x0a010005"),
        Shown("of nothing", Plain, ""),
        Shown("of a megabyte", Plain, Megabyte),
        new("a preview with a statement about another address", "about 10.1.0.6", c => c.AskedAsync(new PreviewRequest(c.NewId(), Pod, AttackedByConsole.Gone(AttackedByConsole.Other)))),
        new("a preview with a statement about the same address, mapped", "about ::ffff", c => c.AskedAsync(new PreviewRequest(c.NewId(), Pod, AttackedByConsole.Gone($"::ffff:{Pod}")))),
        new("a preview with a statement of 11 s ago", "s old", c => c.AskedAsync(new PreviewRequest(c.NewId(), Pod, AttackedByConsole.Gone(ahead: -11_500)))),
        new("a preview with a statement 11 s ahead", "ahead of this node's clock", c => c.AskedAsync(new PreviewRequest(c.NewId(), Pod, AttackedByConsole.Gone(ahead: 11_500)))),
        new("a preview with a statement of the end of time", "ahead of this node's clock", c => c.AskedAsync(new PreviewRequest(c.NewId(), Pod, AttackedByConsole.Gone() with { AsOfMs = long.MaxValue }))),
        new("a preview with a statement of the beginning of time", "s old", c => c.AskedAsync(new PreviewRequest(c.NewId(), Pod, AttackedByConsole.Gone() with { AsOfMs = long.MinValue }))),
        new("a preview without a statement", NoOwner, c => c.AskedAsync(new { previewId = c.NewId(), podIp = Pod, ownership = (object?)null, preset = "All" })),
        new("a preview without an address", Plain, c => c.AskedAsync(new { previewId = c.NewId(), ownership = AttackedByConsole.Gone() })),
        new("a preview that is null", "no id", c => c.AskedAsync(null)),
        new("a preview that is a word", Unparsed, c => c.AskedAsync("all")),
        new("a preview that is a list", Unparsed, c => c.AskedAsync(new[] { 1, 2 })),
        new("a preview with an empty id", "no id", c => c.AskedAsync(new PreviewRequest("", Pod, AttackedByConsole.Gone()))),
        new("a preview with an id of a megabyte", "no id", c => c.AskedAsync(new PreviewRequest(Megabyte, Pod, AttackedByConsole.Gone()))),
        new("a preview with an id of two lines", "no id", c => c.AskedAsync(new PreviewRequest("a\nb", Pod, AttackedByConsole.Gone()))),
        new("a preview with an id that was used", "id exists already", async c => await c.AskedAsync(new PreviewRequest((await c.PreviewAsync()).PreviewId, Pod, AttackedByConsole.Gone()))),
        new("a preview with preset 99", "does not know the preset", c => c.AskedAsync(new { previewId = c.NewId(), podIp = Pod, ownership = AttackedByConsole.Gone(), preset = 99 })),
        new("a preview with an unknown preset", Unparsed, c => c.AskedAsync(new { previewId = c.NewId(), podIp = Pod, ownership = AttackedByConsole.Gone(), preset = "Everything" })),
        Scope("icmp", "none of tcp, udp and sctp", new FlushScope("icmp", null, null)),
        Scope("a megabyte", "none of tcp, udp and sctp", new FlushScope(Megabyte, null, null)),
        Scope("a CIDR", "not a Service's address", new FlushScope(null, "10.96.0.0/12", null)),
        Scope("a port alone", "without the Service's address", new FlushScope(null, null, 80)),
        Scope("port 65616", "no port", new FlushScope(null, "10.96.0.10", 65_616)),
        Scope("port -1", "no port", new FlushScope(null, "10.96.0.10", -1)),

        new("a flush without a preview", NoList, c => c.OrderedAsync(new FlushRequest(c.Order(), c.NewId(), new string('0', 64), AttackedByConsole.Gone()))),
        new("a flush without a preview and without a digest", NoList, c => c.OrderedAsync(new FlushRequest(c.Order(), "", "", AttackedByConsole.Gone()))),
        new("a flush of a preview that was refused", NoList, async c =>
        {
            string id = c.NewId();
            await c.AskedAsync(new PreviewRequest(id, Pod, AttackedByConsole.Gone(state: OwnerState.Live)));
            return await c.OrderedAsync(new FlushRequest(c.Order(), id, "", AttackedByConsole.Gone()));
        }),
        Ordered("with a wrong digest", WrongDigest, (c, s) => c.Flush(s) with { Digest = new string('0', 64) }),
        Ordered("with an empty digest", WrongDigest, (c, s) => c.Flush(s) with { Digest = "" }),
        Ordered("with the digest in capitals", WrongDigest, (c, s) => c.Flush(s) with { Digest = s.Digest.ToUpperInvariant() }),
        Ordered("with a digest of a megabyte", WrongDigest, (c, s) => c.Flush(s) with { Digest = Megabyte }),
        new("a flush with another preview's digest", WrongDigest, async c =>
        {
            var (shown, other) = (await c.PreviewAsync(), await c.PreviewAsync(AttackedByConsole.Other));
            return await c.OrderedAsync(c.Flush(shown) with { Digest = other.Digest });
        }),
        Ordered("of an address that is live now", "is live", (c, s) => c.Flush(s, AttackedByConsole.Gone(state: OwnerState.Live))),
        Ordered("of an address that is nobody's now", OnlyGone, (c, s) => c.Flush(s, AttackedByConsole.Gone(state: OwnerState.Unknown))),
        Ordered("of an address that is a node's now", OnlyGone, (c, s) => c.Flush(s, AttackedByConsole.Gone(state: OwnerState.Node))),
        Ordered("of an address that is a Service's now", OnlyGone, (c, s) => c.Flush(s, AttackedByConsole.Gone(state: OwnerState.Service))),
        Ordered("with a statement about another address", "about 10.1.0.6", (c, s) => c.Flush(s, AttackedByConsole.Gone(AttackedByConsole.Other))),
        Ordered("with a statement about a mapped address", "about ::ffff", (c, s) => c.Flush(s, AttackedByConsole.Gone($"::ffff:{Pod}"))),
        Ordered("with a statement about a CIDR", "about 10.1.0.0/16", (c, s) => c.Flush(s, AttackedByConsole.Gone("10.1.0.0/16"))),
        Ordered("with a statement of 11 s ago", "s old", (c, s) => c.Flush(s, AttackedByConsole.Gone(ahead: -11_500))),
        Ordered("with a statement 11 s ahead", "ahead of this node's clock", (c, s) => c.Flush(s, AttackedByConsole.Gone(ahead: 11_500))),
        Ordered("with a statement of the end of time", "ahead of this node's clock", (c, s) => c.Flush(s, AttackedByConsole.Gone() with { AsOfMs = long.MaxValue })),
        Ordered("whose time is over", "after its time was over", (c, s) => c.Flush(s, order: c.Order() with { ValidUntilMs = AttackedByConsole.NowMs - 5_000 })),
        Ordered("whose time was over in 1970", "after its time was over", (c, s) => c.Flush(s, order: c.Order() with { ValidUntilMs = 0 })),
        Ordered("without a reason", "no reason", (c, s) => c.Flush(s, order: c.Order() with { Reason = "" })),
        Ordered("with a blank reason", "no reason", (c, s) => c.Flush(s, order: c.Order() with { Reason = " \n" })),
        Ordered("with a reason of a megabyte", "longer than", (c, s) => c.Flush(s, order: c.Order() with { Reason = Megabyte })),
        Ordered("of nobody", "who ordered it", (c, s) => c.Flush(s, order: c.Order() with { Who = " " })),
        Ordered("that its own author approved", "cannot approve their own order", (c, s) => c.Flush(s, order: c.Order() with { ApprovedBy = "mallory" })),
        Ordered("that its own author approved in capitals", "cannot approve their own order", (c, s) => c.Flush(s, order: c.Order() with { ApprovedBy = " MALLORY " })),
        Ordered("that a blank approved", "cannot approve their own order", (c, s) => c.Flush(s, order: c.Order() with { ApprovedBy = "" })),
        Ordered("with an empty id", "no id", (c, s) => c.Flush(s, order: c.Order() with { ActionId = "" })),
        Ordered("with an id of two lines", "no id", (c, s) => c.Flush(s, order: c.Order() with { ActionId = "a\n{\"phase\":\"end\"}" })),
        Ordered("with an id of a megabyte", "no id", (c, s) => c.Flush(s, order: c.Order() with { ActionId = Megabyte })),
        new("a flush that is null", "no id", c => c.OrderedAsync(null)),
        new("a flush without an order", "no id", async c => await Raw(c, s => new { order = (object?)null, previewId = s.PreviewId, digest = s.Digest, ownership = AttackedByConsole.Gone() })),
        new("a flush without a statement", NoOwner, async c => await Raw(c, s => new { order = c.Order(), previewId = s.PreviewId, digest = s.Digest })),
        new("a flush with a null digest", WrongDigest, async c => await Raw(c, s => new { order = c.Order(), previewId = s.PreviewId, digest = (string?)null, ownership = AttackedByConsole.Gone() })),
        new("a flush with an owner's state 99", OnlyGone, async c => await Raw(c, s => new
        {
            order = c.Order(), previewId = s.PreviewId, digest = s.Digest, ownership = new { ip = Pod, state = 99, owner = "x", asOfMs = AttackedByConsole.NowMs },
        })),
        new("a flush with tuples of its own", NoList, c => c.OrderedAsync(new
        {
            order = c.Order(), previewId = c.NewId(), digest = "", ownership = AttackedByConsole.Gone(), entries = new[] { new { src = "10.9.0.1", dst = "10.96.0.10", replySrc = Pod } },
        })),
        new("a flush of 5,001 entries without a second person", "without a second person", async c =>
            await c.OrderedAsync(c.Flush(await c.PreviewAsync(Busy), AttackedByConsole.Gone(Busy)))),
        new("a flush of 5,001 entries with break-glass only", "without a second person", async c =>
            await c.OrderedAsync(c.Flush(await c.PreviewAsync(Busy), AttackedByConsole.Gone(Busy), c.Order() with { BreakGlass = true }))),
        new("a flush of all while the pod terminates", "break the glass", async c => await c.OrderedAsync(c.Flush(
            await c.PreviewAsync(preset: FlushPreset.All, state: OwnerState.Terminating), AttackedByConsole.Gone(state: OwnerState.Terminating)))),
        new("a flush of all that was shown of one who is gone, and terminates", "break the glass", async c => await c.OrderedAsync(c.Flush(
            await c.PreviewAsync(preset: FlushPreset.All), AttackedByConsole.Gone(state: OwnerState.Terminating), c.Order() with { ApprovedBy = "anna" }))),
        new("a flush whose id the console has asked about before", "never began", async c =>
        {
            var order = c.Order();
            Assert.False((await c.Console.SendAsync<RecallAnswer>(HubMethods.Recall, new RecallRequest(order.ActionId))).Known);
            return await c.OrderedAsync(c.Flush(await c.PreviewAsync(), order: order));
        }),
        new("a flush of a list that a flush has used up", NoList, async c =>
        {
            var (shown, ip) = await SpentAsync(c, c.Order());
            return await c.OrderedAsync(c.Flush(shown, AttackedByConsole.Gone(ip)));
        }),
        new("a flush that comes a second time", "1 deleted at first, nothing since", async c =>
        {
            var order = c.Order();
            var (shown, ip) = await SpentAsync(c, order);
            var again = await c.Console.SendAsync<FlushResult>(HubMethods.Flush, c.Flush(shown, AttackedByConsole.Gone(ip), order));
            return again is { Deleted: 1, Refusal: null } ? "1 deleted at first, nothing since" : null;
        }),
        new("a setting under the id of a flush", "was a flush", async c =>
        {
            var order = c.Order();
            await SpentAsync(c, order);
            return await c.AppliedAsync(new SettingOrder(order, AttackedByConsole.Acct, "0", "1", 60_000));
        }),
        new("a revert of a flush", "knows no change with that id", async c =>
        {
            var order = c.Order();
            await SpentAsync(c, order);
            return await c.RevertedAsync(new RevertOrder(c.Order(), order.ActionId));
        }),
        new("a flush of an entry that was made again since", "1 gone, none deleted", async c =>
        {
            var (ip, entry) = c.NewPod();
            await c.Node.InsertAsync([entry]);
            var shown = await c.PreviewAsync(ip);
            await c.Node.DeleteAsync(ip);
            // At the same place of memory the kernel gives the same id: others take it first.
            await c.Node.InsertAsync([.. Enumerable.Range(0, 64).Select(n => AttackedNode.Entry(AttackedByConsole.Other, 54_000 + n)), entry]);
            var result = await c.Console.SendAsync<FlushResult>(HubMethods.Flush, c.Flush(shown, AttackedByConsole.Gone(ip)));
            return result is { Deleted: 0, AlreadyGone: 1 } ? "1 gone, none deleted" : null;
        }),
        new("a meter of a flush that never was", "Nothing is known", async c => (await c.Console.SendAsync<MeterReading>(HubMethods.Meter, new MeterRequest(c.NewId()))).Refusal),
        new("a meter with an id of a megabyte", "Nothing is known", async c => (await c.Console.SendAsync<MeterReading>(HubMethods.Meter, new MeterRequest(Megabyte))).Refusal),
        new("a watch of a megabyte", "still asks for previews", async c =>
        {
            await Assert.ThrowsAnyAsync<Exception>(() => c.Console.SendAsync<object>(HubMethods.Watch, new WatchList([Megabyte, "0.0.0.0/0", "", Pod])));
            return (await c.PreviewAsync()).Entries.Count > 0 ? "still asks for previews" : null;
        }),
        new("a method that the collector has not", Unparsed, c => Said(() => c.Console.SendAsync<object>("Exec", new { command = "conntrack -F" }))),
    ];

    private static NodeAttack Shown(string name, string fragment, string ip, OwnerState state = OwnerState.Gone) =>
        new($"a preview {name}", fragment, c => c.AskedAsync(new PreviewRequest(c.NewId(), ip, AttackedByConsole.Gone(ip, state))));

    private static NodeAttack Scope(string name, string fragment, FlushScope scope) =>
        new($"a preview narrowed to {name}", fragment, c => c.AskedAsync(new PreviewRequest(c.NewId(), Pod, AttackedByConsole.Gone(), Scope: scope)));

    private static NodeAttack Ordered(string name, string fragment, Func<AttackedByConsole, FlushPreview, FlushRequest> order) =>
        new($"a flush {name}", fragment, async c => await c.OrderedAsync(order(c, await c.PreviewAsync())));

    private static async Task<string?> Raw(AttackedByConsole c, Func<FlushPreview, object> order) => await c.OrderedAsync(order(await c.PreviewAsync()));

    private static async Task<string?> Said<T>(Func<Task<T>> send)
    {
        var fault = await Assert.ThrowsAnyAsync<Exception>(send);
        return fault.Message;
    }

    // A flush that may go, and then an entry again where it was: what a second one would find.
    private static async Task<(FlushPreview Shown, string Ip)> SpentAsync(AttackedByConsole c, OrderNote order)
    {
        var (ip, entry) = c.NewPod();
        await c.Node.InsertAsync([entry]);
        var shown = await c.PreviewAsync(ip);
        Assert.Equal(1, (await c.Console.SendAsync<FlushResult>(HubMethods.Flush, c.Flush(shown, AttackedByConsole.Gone(ip), order))).Deleted);
        await c.Node.InsertAsync([entry]);
        return (shown, ip);
    }
}
