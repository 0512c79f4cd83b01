using ConntrackConsole.Wire;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>Commands of a compromised console to change settings, and to revert changes that do not exist.</summary>
internal static class SettingOrderAttacks
{
    private const string Acct = AttackedByConsole.Acct, Unlisted = "setting.unknown_key";
    private static readonly string Megabyte = new('x', 1024 * 1024);

    public static readonly NodeAttack[] All =
    [
        Key("another of conntrack's", "net.netfilter.nf_conntrack_buckets"),
        Key("another of the kernel's", "kernel.core_pattern"),
        Key("a path", "/proc/sys/net/netfilter/nf_conntrack_acct"),
        Key("a path upwards", "net.netfilter.nf_conntrack_acct/../../../kernel/panic"),
        Key("dots upwards", "net.netfilter......kernel.panic"),
        Key("capitals", Acct.ToUpperInvariant()),
        Key("a blank behind", Acct + " "),
        Key("a zero byte behind", Acct + "\0"),
        Key("nothing", ""),
        Key("a megabyte", Megabyte),
        Value("2", "setting.invalid_value", Acct, "2"),
        Value("two lines", "setting.invalid_value", Acct, "1\n0"),
        Value("a megabyte", "setting.invalid_value", Acct, Megabyte),
        Value("tcp_loose 0", "setting.invalid_value", "net.netfilter.nf_conntrack_tcp_loose", "0"),
        Value("events 0", "setting.invalid_value", "net.netfilter.nf_conntrack_events", "0"),
        Value("a time below its bound", "setting.invalid_value", "net.netfilter.nf_conntrack_tcp_timeout_unacknowledged", "1"),
        Value("a table that is lowered", "setting.only_up", SettingCatalog.Max, "1024"),
        Value("a table beyond the memory", "setting.memory_exceeded", SettingCatalog.Max, "2147483647"),
        Value("the filter off", "setting.filter_off", SettingCatalog.DropInvalid, "off"),
        Value("rules of one's own", "setting.invalid_value", SettingCatalog.DropInvalid, "forward } ; flush ruleset"),
        Value("IPVS on a node without it", "setting.not_ipvs", "ipvs.timeout_tcp", "900"),
        Time("at once", 0),
        Time("before it was made", -1),
        Time("after a day and a millisecond", 86_400_001),
        Time("never", long.MaxValue),
        Time("at the beginning of time", long.MinValue),
        Applied("a value that was not shown", "setting.moved", c => Order(c) with { Previewed = "1" }),
        Applied("a shown value of a megabyte", "setting.moved", c => Order(c) with { Previewed = Megabyte }),
        Applied("an expired command", "node.command_expired", c => Order(c) with { Command = c.Order() with { ValidUntilMs = AttackedByConsole.NowMs - 5_000 } }),
        Applied("an order without a reason", "node.missing_reason", c => Order(c) with { Command = c.Order() with { Reason = " " } }),
        Applied("a command without a user", "node.missing_user", c => Order(c) with { Command = c.Order() with { Who = "" } }),
        Applied("an order that its author approved", "node.own_approval", c => Order(c) with { Command = c.Order() with { ApprovedBy = "mallory" } }),
        Applied("an order with an empty id", "node.invalid_id", c => Order(c) with { Command = c.Order() with { ActionId = "" } }),
        Applied("an order with an id of two lines", "node.invalid_id", c => Order(c) with { Command = c.Order() with { ActionId = "a\nb" } }),
        Applied("an order with break-glass for an unlisted setting", Unlisted, c => Order(c) with { Key = "kernel.panic", Command = c.Order() with { BreakGlass = true } }),
        new("a setting: under the id of a flush that never was sent", "node.fenced", async c =>
        {
            var order = c.Order();
            await c.Console.SendAsync<RecallAnswer>(HubMethods.Recall, new RecallRequest(order.ActionId));
            return await c.ApplyCodeAsync(Order(c) with { Command = order with { BreakGlass = true, ApprovedBy = "anna" } });
        }),
        new("a setting: an order that is null", "node.invalid_id", c => c.ApplyCodeAsync(null)),
        new("a setting: an order of nothing", "node.invalid_id", c => c.ApplyCodeAsync(new { key = Acct, shown = "0", value = "1", revertAfterMs = 60_000 })),
        new("a setting: without the time until the revert", "setting.invalid_revert_time", c => c.ApplyCodeAsync(new { order = c.Order(), key = Acct, shown = "0", value = "1" })),
        new("a setting: a value that is null", "setting.invalid_value", c => c.ApplyCodeAsync(new { order = c.Order(), key = Acct, shown = "0", value = (string?)null, revertAfterMs = 60_000 })),
        new("a setting: with an id that the console has recalled before", "node.fenced", async c =>
        {
            var order = c.Order();
            await c.Console.SendAsync<RecallAnswer>(HubMethods.Recall, new RecallRequest(order.ActionId));
            return await c.ApplyCodeAsync(Order(c) with { Command = order });
        }),
        new("a setting: read by a path", Unlisted, c => c.ReadAsync(new SettingRequest(c.NewId(), "../../kernel/hostname", "1"))),
        new("a setting: read by no name", Unlisted, c => c.ReadAsync(new SettingRequest(c.NewId(), "", "1"))),
        new("a setting: a question that is null", Unlisted, c => c.ReadAsync(null)),
        Reverted("an id that never was", "setting.unknown_change", "setting-0"),
        Reverted("node.invalid_id", "setting.unknown_change", ""),
        Reverted("a path", "setting.unknown_change", "../../etc/passwd"),
        Reverted("an id of a megabyte", "setting.unknown_change", Megabyte),
        new("a revert: an order that is null", "node.invalid_id", c => c.RevertCodeAsync(null)),
        new("a revert: without a reason", "node.missing_reason", c => c.RevertCodeAsync(new RevertNodeCommand(c.Order() with { Reason = "" }, "setting-0"))),
        new("a revert: expired", "node.command_expired", c => c.RevertCodeAsync(new RevertNodeCommand(c.Order() with { ValidUntilMs = 1 }, "setting-0"))),
        new("a change while another of the same setting is open", "setting.open_change", async c =>
        {
            var (open, back) = (Order(c), c.Order());
            await c.Console.SendAsync<SettingResult>(HubMethods.ApplySetting, open);
            string? code = await c.ApplyCodeAsync(Order(c) with { Previewed = "1", Value = "0" });
            await c.Console.SendAsync<SettingResult>(HubMethods.RevertSetting, new RevertNodeCommand(back, open.Command.ActionId));
            return code;
        }),
        new("a change that is repeated after its revert", "Written at first, nothing since", async c =>
        {
            var open = Order(c);
            await c.Console.SendAsync<SettingResult>(HubMethods.ApplySetting, open);
            await c.Console.SendAsync<SettingResult>(HubMethods.RevertSetting, new RevertNodeCommand(c.Order(), open.Command.ActionId));
            var again = await c.Console.SendAsync<SettingResult>(HubMethods.ApplySetting, open);
            return again.Outcome == SettingOutcome.Written ? "Written at first, nothing since" : null;
        }),
        new("a revert: of a reverted change", "setting.not_open", async c =>
        {
            var open = Order(c);
            await c.Console.SendAsync<SettingResult>(HubMethods.ApplySetting, open);
            await c.Console.SendAsync<SettingResult>(HubMethods.RevertSetting, new RevertNodeCommand(c.Order(), open.Command.ActionId));
            return await c.RevertCodeAsync(new RevertNodeCommand(c.Order(), open.Command.ActionId));
        }),
    ];

    private static SettingNodeCommand Order(AttackedByConsole c) => new(c.Order(), Acct, "0", "1", 60_000);

    private static NodeAttack Applied(string name, string fragment, Func<AttackedByConsole, SettingNodeCommand> order) => new($"a setting: {name}", fragment, c => c.ApplyCodeAsync(order(c)));

    private static NodeAttack Key(string name, string key) => Applied($"its name is {name}", Unlisted, c => Order(c) with { Key = key });

    private static NodeAttack Value(string name, string fragment, string key, string value) => Applied($"its value is {name}", fragment, c => Order(c) with { Key = key, Value = value });

    private static NodeAttack Time(string name, long afterMs) => Applied($"reverted {name}", "setting.invalid_revert_time", c => Order(c) with { RevertAfterMs = afterMs });

    private static NodeAttack Reverted(string name, string fragment, string change) => new($"a revert: of {name}", fragment, c => c.RevertCodeAsync(new RevertNodeCommand(c.Order(), change)));
}
