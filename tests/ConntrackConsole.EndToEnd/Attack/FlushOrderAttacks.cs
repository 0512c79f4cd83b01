using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>Previews and flushes of a compromised console.</summary>
internal static class FlushOrderAttacks
{
    private const string Pod = AttackedByConsole.Pod, Busy = AttackedByConsole.Busy, Unparsed = "parse", NoOwner = "flush.owner_unstated";
    private const string NoList = "flush.preview_gone", WrongDigest = "flush.digest_mismatch", NoPod = "flush.owner_unknown", Plain = "flush.invalid_address";
    private static readonly string Megabyte = new('x', 1024 * 1024);

    public static readonly NodeAttack[] All =
    [
        Shown("of a live pod", "flush.owner_live", Pod, OwnerState.Live),
        Shown("of an address without owner", NoPod, Pod, OwnerState.Unknown),
        Shown("of a node's address", "flush.node_address", Pod, OwnerState.Node),
        Shown("of a Service's address", "flush.owner_service", Pod, OwnerState.Service),
        Shown("of an owner's state that is no state", NoPod, Pod, (OwnerState)99),
        Shown("of the node's own address", "flush.node_address", "192.168.0.1"),
        Shown("of its own address towards its pods", "flush.node_address", AttackedNode.PodBridge),
        Shown("of its gateway", "flush.node_address", AttackedNode.Gateway),
        Shown("of its pods' broadcast", "flush.node_address", AttackedNode.PodBroadcast),
        Shown("of its pods' network", "flush.node_address", "10.1.0.0"),
        Shown("of loopback", "flush.address_not_pod", "127.0.0.1"),
        Shown("of IPv6 loopback", "flush.address_not_pod", "::1"),
        Shown("of the unspecified", "flush.address_not_pod", "0.0.0.0"),
        Shown("of the IPv6 unspecified", "flush.address_not_pod", "::"),
        Shown("of multicast", "flush.address_not_pod", "224.0.0.1"),
        Shown("of IPv6 multicast", "flush.address_not_pod", "ff02::1"),
        Shown("of broadcast", "flush.address_not_pod", "255.255.255.255"),
        Shown("of a CIDR", Plain, "10.1.0.0/16"),
        Shown("of everything", Plain, "0.0.0.0/0"),
        Shown("of a mapped address", Plain, $"::ffff:{Pod}"),
        Shown("of leading zeros", Plain, "010.1.0.5"),
        Shown("of hex", Plain, "0x0a010005"),
        Shown("of nothing", Plain, ""),
        Shown("of a megabyte", Plain, Megabyte),
        new("a preview with a statement about another address", "flush.statement_mismatch", c => c.PreviewCodeAsync(new PreviewRequest(c.NewId(), Pod, AttackedByConsole.Gone(AttackedByConsole.Other)))),
        new("a preview with a statement about the same address, mapped", "flush.statement_mismatch", c => c.PreviewCodeAsync(new PreviewRequest(c.NewId(), Pod, AttackedByConsole.Gone($"::ffff:{Pod}")))),
        new("a preview with a statement of 11 s ago", "flush.cluster_stale", c => c.PreviewCodeAsync(new PreviewRequest(c.NewId(), Pod, AttackedByConsole.Gone(ahead: -11_500)))),
        new("a preview with a statement 11 s ahead", "flush.statement_future", c => c.PreviewCodeAsync(new PreviewRequest(c.NewId(), Pod, AttackedByConsole.Gone(ahead: 11_500)))),
        new("a preview with a statement of the end of time", "flush.statement_future", c => c.PreviewCodeAsync(new PreviewRequest(c.NewId(), Pod, AttackedByConsole.Gone() with { AsOfMs = long.MaxValue }))),
        new("a preview with a statement of the beginning of time", "flush.cluster_stale", c => c.PreviewCodeAsync(new PreviewRequest(c.NewId(), Pod, AttackedByConsole.Gone() with { AsOfMs = long.MinValue }))),
        new("a preview without a statement", NoOwner, c => c.PreviewCodeAsync(new { previewId = c.NewId(), podIp = Pod, ownership = (object?)null, preset = "All" })),
        new("a preview without an address", Plain, c => c.PreviewCodeAsync(new { previewId = c.NewId(), ownership = AttackedByConsole.Gone() })),
        new("a preview that is null", "node.invalid_id", c => c.PreviewCodeAsync(null)),
        new("a preview that is a word", Unparsed, c => c.PreviewCodeAsync("all")),
        new("a preview that is a list", Unparsed, c => c.PreviewCodeAsync(new[] { 1, 2 })),
        new("a preview with an empty id", "node.invalid_id", c => c.PreviewCodeAsync(new PreviewRequest("", Pod, AttackedByConsole.Gone()))),
        new("a preview with an id of a megabyte", "node.invalid_id", c => c.PreviewCodeAsync(new PreviewRequest(Megabyte, Pod, AttackedByConsole.Gone()))),
        new("a preview with an id of two lines", "node.invalid_id", c => c.PreviewCodeAsync(new PreviewRequest("a\nb", Pod, AttackedByConsole.Gone()))),
        new("a preview with an id that was used", "flush.preview_exists", async c => await c.PreviewCodeAsync(new PreviewRequest((await c.PreviewAsync()).PreviewId, Pod, AttackedByConsole.Gone()))),
        new("a preview with preset 99", "flush.unknown_preset", c => c.PreviewCodeAsync(new { previewId = c.NewId(), podIp = Pod, ownership = AttackedByConsole.Gone(), preset = 99 })),
        new("a preview with an unknown preset", Unparsed, c => c.PreviewCodeAsync(new { previewId = c.NewId(), podIp = Pod, ownership = AttackedByConsole.Gone(), preset = "Everything" })),
        Scope("icmp", "flush.invalid_protocol", new FlushScope("icmp", null, null)),
        Scope("a megabyte", "flush.invalid_protocol", new FlushScope(Megabyte, null, null)),
        Scope("a CIDR", "flush.invalid_service_address", new FlushScope(null, "10.96.0.0/12", null)),
        Scope("a port alone", "flush.port_without_address", new FlushScope(null, null, 80)),
        Scope("port 65616", "flush.invalid_port", new FlushScope(null, "10.96.0.10", 65_616)),
        Scope("port -1", "flush.invalid_port", new FlushScope(null, "10.96.0.10", -1)),

        new("a flush without a preview", NoList, c => c.FlushCodeAsync(new FlushNodeCommand(c.Order(), c.NewId(), new string('0', 64), AttackedByConsole.Gone()))),
        new("a flush without a preview and without a digest", NoList, c => c.FlushCodeAsync(new FlushNodeCommand(c.Order(), "", "", AttackedByConsole.Gone()))),
        new("a flush of a preview that was refused", NoList, async c =>
        {
            string id = c.NewId();
            await c.PreviewCodeAsync(new PreviewRequest(id, Pod, AttackedByConsole.Gone(state: OwnerState.Live)));
            return await c.FlushCodeAsync(new FlushNodeCommand(c.Order(), id, "", AttackedByConsole.Gone()));
        }),
        Ordered("with a wrong digest", WrongDigest, (c, s) => c.Flush(s) with { Digest = new string('0', 64) }),
        Ordered("with an empty digest", WrongDigest, (c, s) => c.Flush(s) with { Digest = "" }),
        Ordered("with the digest in capitals", WrongDigest, (c, s) => c.Flush(s) with { Digest = s.Digest.ToUpperInvariant() }),
        Ordered("with a digest of a megabyte", WrongDigest, (c, s) => c.Flush(s) with { Digest = Megabyte }),
        new("a flush with another preview's digest", WrongDigest, async c =>
        {
            var (shown, other) = (await c.PreviewAsync(), await c.PreviewAsync(AttackedByConsole.Other));
            return await c.FlushCodeAsync(c.Flush(shown) with { Digest = other.Digest });
        }),
        Ordered("of an address that is live now", "flush.owner_live", (c, s) => c.Flush(s, AttackedByConsole.Gone(state: OwnerState.Live))),
        Ordered("of an address that has no owner now", NoPod, (c, s) => c.Flush(s, AttackedByConsole.Gone(state: OwnerState.Unknown))),
        Ordered("of an address that is a node's now", "flush.node_address", (c, s) => c.Flush(s, AttackedByConsole.Gone(state: OwnerState.Node))),
        Ordered("of an address that is a Service's now", "flush.owner_service", (c, s) => c.Flush(s, AttackedByConsole.Gone(state: OwnerState.Service))),
        Ordered("with a statement about another address", "flush.statement_mismatch", (c, s) => c.Flush(s, AttackedByConsole.Gone(AttackedByConsole.Other))),
        Ordered("with a statement about a mapped address", "flush.statement_mismatch", (c, s) => c.Flush(s, AttackedByConsole.Gone($"::ffff:{Pod}"))),
        Ordered("with a statement about a CIDR", "flush.statement_mismatch", (c, s) => c.Flush(s, AttackedByConsole.Gone("10.1.0.0/16"))),
        Ordered("with a statement of 11 s ago", "flush.cluster_stale", (c, s) => c.Flush(s, AttackedByConsole.Gone(ahead: -11_500))),
        Ordered("with a statement 11 s ahead", "flush.statement_future", (c, s) => c.Flush(s, AttackedByConsole.Gone(ahead: 11_500))),
        Ordered("with a statement of the end of time", "flush.statement_future", (c, s) => c.Flush(s, AttackedByConsole.Gone() with { AsOfMs = long.MaxValue })),
        Ordered("that has expired", "node.command_expired", (c, s) => c.Flush(s, order: c.Order() with { ValidUntilMs = AttackedByConsole.NowMs - 5_000 })),
        Ordered("that expired in 1970", "node.command_expired", (c, s) => c.Flush(s, order: c.Order() with { ValidUntilMs = 0 })),
        Ordered("without a reason", "node.missing_reason", (c, s) => c.Flush(s, order: c.Order() with { Reason = "" })),
        Ordered("with a blank reason", "node.missing_reason", (c, s) => c.Flush(s, order: c.Order() with { Reason = " \n" })),
        Ordered("with a reason of a megabyte", "node.text_too_long", (c, s) => c.Flush(s, order: c.Order() with { Reason = Megabyte })),
        Ordered("without a user", "node.missing_user", (c, s) => c.Flush(s, order: c.Order() with { Who = " " })),
        Ordered("that its own author approved", "node.own_approval", (c, s) => c.Flush(s, order: c.Order() with { ApprovedBy = "mallory" })),
        Ordered("that its own author approved in capitals", "node.own_approval", (c, s) => c.Flush(s, order: c.Order() with { ApprovedBy = " MALLORY " })),
        Ordered("that a blank approved", "node.own_approval", (c, s) => c.Flush(s, order: c.Order() with { ApprovedBy = "" })),
        Ordered("with an empty id", "node.invalid_id", (c, s) => c.Flush(s, order: c.Order() with { ActionId = "" })),
        Ordered("with an id of two lines", "node.invalid_id", (c, s) => c.Flush(s, order: c.Order() with { ActionId = "a\n{\"phase\":\"end\"}" })),
        Ordered("with an id of a megabyte", "node.invalid_id", (c, s) => c.Flush(s, order: c.Order() with { ActionId = Megabyte })),
        new("a flush that is null", "node.invalid_id", c => c.FlushCodeAsync(null)),
        new("a flush without an order", "node.invalid_id", async c => await Raw(c, s => new { order = (object?)null, previewId = s.PreviewId, digest = s.Digest, ownership = AttackedByConsole.Gone() })),
        new("a flush without a statement", NoOwner, async c => await Raw(c, s => new { order = c.Order(), previewId = s.PreviewId, digest = s.Digest })),
        new("a flush with a null digest", WrongDigest, async c => await Raw(c, s => new { order = c.Order(), previewId = s.PreviewId, digest = (string?)null, ownership = AttackedByConsole.Gone() })),
        new("a flush with an owner's state 99", NoPod, async c => await Raw(c, s => new
        {
            order = c.Order(), previewId = s.PreviewId, digest = s.Digest, ownership = new { ip = Pod, state = 99, owner = "x", asOfMs = AttackedByConsole.NowMs },
        })),
        new("a flush with tuples of its own", NoList, c => c.FlushCodeAsync(new
        {
            order = c.Order(), previewId = c.NewId(), digest = "", ownership = AttackedByConsole.Gone(), entries = new[] { new { src = "10.9.0.1", dst = "10.96.0.10", replySrc = Pod } },
        })),
        new("a flush of 5,001 entries without a second person", "flush.approval_required", async c =>
            await c.FlushCodeAsync(c.Flush(await c.PreviewAsync(Busy), AttackedByConsole.Gone(Busy)))),
        new("a flush of 5,001 entries with break-glass only", "flush.approval_required", async c =>
            await c.FlushCodeAsync(c.Flush(await c.PreviewAsync(Busy), AttackedByConsole.Gone(Busy), c.Order() with { BreakGlass = true }))),
        new("a flush of all while the pod terminates", "flush.preset_needs_break_glass", async c => await c.FlushCodeAsync(c.Flush(
            await c.PreviewAsync(preset: FlushPreset.All, state: OwnerState.Terminating), AttackedByConsole.Gone(state: OwnerState.Terminating)))),
        new("a flush of all that was shown of one who is gone, and terminates", "flush.preset_needs_break_glass", async c => await c.FlushCodeAsync(c.Flush(
            await c.PreviewAsync(preset: FlushPreset.All), AttackedByConsole.Gone(state: OwnerState.Terminating), c.Order() with { ApprovedBy = "anna" }))),
        new("a flush with an id that the console has recalled before", "node.fenced", async c =>
        {
            var order = c.Order();
            Assert.False((await c.Console.SendAsync<RecallAnswer>(HubMethods.Recall, new RecallRequest(order.ActionId))).Known);
            return await c.FlushCodeAsync(c.Flush(await c.PreviewAsync(), order: order));
        }),
        new("a flush of a list that a flush has used up", NoList, async c =>
        {
            var (shown, ip) = await SpentAsync(c, c.Order());
            return await c.FlushCodeAsync(c.Flush(shown, AttackedByConsole.Gone(ip)));
        }),
        new("a flush that comes a second time", "1 deleted at first, nothing since", async c =>
        {
            var order = c.Order();
            var (shown, ip) = await SpentAsync(c, order);
            var again = await c.Console.SendAsync<FlushResult>(HubMethods.Flush, c.Flush(shown, AttackedByConsole.Gone(ip), order));
            return again is { Deleted: 1, Refusal: null } ? "1 deleted at first, nothing since" : null;
        }),
        new("a setting under the id of a flush", "node.kind_mismatch", async c =>
        {
            var order = c.Order();
            await SpentAsync(c, order);
            return await c.ApplyCodeAsync(new SettingNodeCommand(order, AttackedByConsole.Acct, "0", "1", 60_000));
        }),
        new("a revert of a flush", "setting.unknown_change", async c =>
        {
            var order = c.Order();
            await SpentAsync(c, order);
            return await c.RevertCodeAsync(new RevertNodeCommand(c.Order(), order.ActionId));
        }),
        new("a flush of an entry that was made again since", "1 gone, none deleted", async c =>
        {
            var (ip, entry) = c.NewPod();
            await c.Node.InsertAsync([entry]);
            var shown = await c.PreviewAsync(ip);
            await c.Node.DeleteAsync(ip);
            // At the same memory address the kernel assigns the same id, so allocate others first.
            await c.Node.InsertAsync([.. Enumerable.Range(0, 64).Select(n => AttackedNode.Entry(AttackedByConsole.Other, 54_000 + n)), entry]);
            var result = await c.Console.SendAsync<FlushResult>(HubMethods.Flush, c.Flush(shown, AttackedByConsole.Gone(ip)));
            return result is { Deleted: 0, AlreadyGone: 1 } ? "1 gone, none deleted" : null;
        }),
        new("an outcome of a flush that never was", "flush.outcome_unknown", async c => (await c.Console.SendAsync<FlushOutcomeSample>(HubMethods.FlushOutcome, new FlushOutcomeRequest(c.NewId()))).RefusalCode),
        new("an outcome with an id of a megabyte", "flush.outcome_unknown", async c => (await c.Console.SendAsync<FlushOutcomeSample>(HubMethods.FlushOutcome, new FlushOutcomeRequest(Megabyte))).RefusalCode),
        new("a watch of a megabyte", "still asks for previews", async c =>
        {
            await Assert.ThrowsAnyAsync<Exception>(() => c.Console.SendAsync<object>(HubMethods.Watch, new WatchList([Megabyte, "0.0.0.0/0", "", Pod])));
            return (await c.PreviewAsync()).Entries.Count > 0 ? "still asks for previews" : null;
        }),
        new("a method that the collector has not", Unparsed, c => Describe(() => c.Console.SendAsync<object>("Exec", new { command = "conntrack -F" }))),
    ];

    private static NodeAttack Shown(string name, string fragment, string ip, OwnerState state = OwnerState.Gone) =>
        new($"a preview {name}", fragment, c => c.PreviewCodeAsync(new PreviewRequest(c.NewId(), ip, AttackedByConsole.Gone(ip, state))));

    private static NodeAttack Scope(string name, string fragment, FlushScope scope) =>
        new($"a preview narrowed to {name}", fragment, c => c.PreviewCodeAsync(new PreviewRequest(c.NewId(), Pod, AttackedByConsole.Gone(), Scope: scope)));

    private static NodeAttack Ordered(string name, string fragment, Func<AttackedByConsole, FlushPreview, FlushNodeCommand> order) =>
        new($"a flush {name}", fragment, async c => await c.FlushCodeAsync(order(c, await c.PreviewAsync())));

    private static async Task<string?> Raw(AttackedByConsole c, Func<FlushPreview, object> order) => await c.FlushCodeAsync(order(await c.PreviewAsync()));

    private static async Task<string?> Describe<T>(Func<Task<T>> send)
    {
        var fault = await Assert.ThrowsAnyAsync<Exception>(send);
        return fault.Message;
    }

    // An allowed flush, then a new entry in its place that a second flush would find.
    private static async Task<(FlushPreview Shown, string Ip)> SpentAsync(AttackedByConsole c, NodeCommand order)
    {
        var (ip, entry) = c.NewPod();
        await c.Node.InsertAsync([entry]);
        var shown = await c.PreviewAsync(ip);
        Assert.Equal(1, (await c.Console.SendAsync<FlushResult>(HubMethods.Flush, c.Flush(shown, AttackedByConsole.Gone(ip), order))).Deleted);
        await c.Node.InsertAsync([entry]);
        return (shown, ip);
    }
}
