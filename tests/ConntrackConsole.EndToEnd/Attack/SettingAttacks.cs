namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>Unlisted settings, values out of range, changes without a revert.</summary>
internal static class SettingAttacks
{
    private const string Acct = "nf_conntrack_acct", Unlisted = "setting.unknown_key", Both = """["node1","node2"]""";
    private const string Time = "setting.invalid_revert_time";

    public static readonly Attack[] All =
    [
        Key("another of conntrack's", "net.netfilter.nf_conntrack_buckets", Unlisted),
        Key("another of the kernel's", "kernel.panic", Unlisted),
        Key("another of the network's", "net.ipv4.ip_forward", Unlisted),
        Key("a path", "/proc/sys/net/netfilter/nf_conntrack_acct", Unlisted),
        Key("a path with slashes", "net/netfilter/nf_conntrack_acct", Unlisted),
        Key("a path upwards", "net.netfilter.../../kernel/panic", Unlisted),
        Key("a path upwards from a listed one", "nf_conntrack_acct/../nf_conntrack_max", Unlisted),
        Key("capitals", "NF_CONNTRACK_ACCT", Unlisted),
        Key("a blank behind", Acct + " ", Unlisted),
        Key("a newline behind", Acct + "\n", Unlisted),
        Key("two", "nf_conntrack_acct,nf_conntrack_events", Unlisted),
        Key("nothing", "", Unlisted),
        Key("a Cyrillic c", "nf_сonntrack_acct", Unlisted),
        Value("a switch that is 2", Acct, "2", "setting.invalid_value"),
        Value("a switch that is true", Acct, "true", "setting.invalid_value"),
        Value("a switch with a blank", Acct, "1 ", "setting.invalid_value"),
        Value("a switch with a newline and another line", Acct, "1\n0", "setting.invalid_value"),
        Value("a switch below zero", Acct, "-1", "setting.invalid_value"),
        Value("nothing", Acct, "", "setting.invalid_value"),
        Value("events switched off", "nf_conntrack_events", "0", "setting.invalid_value"),
        Value("tcp_loose switched off", "nf_conntrack_tcp_loose", "0", "setting.invalid_value"),
        Value("a time below its bound", "nf_conntrack_tcp_timeout_unacknowledged", "59", "setting.invalid_value"),
        Value("a time above its bound", "nf_conntrack_tcp_timeout_unacknowledged", "3601", "setting.invalid_value"),
        Value("a time with a leading zero", "nf_conntrack_tcp_timeout_unacknowledged", "0300", "setting.invalid_value"),
        Value("a time with a plus", "nf_conntrack_tcp_timeout_unacknowledged", "+300", "setting.invalid_value"),
        Value("a time in hex", "nf_conntrack_tcp_timeout_unacknowledged", "0x100", "setting.invalid_value"),
        Value("a time with a fraction", "nf_conntrack_tcp_timeout_unacknowledged", "300.0", "setting.invalid_value"),
        Value("a time beyond 64 bits", "nf_conntrack_tcp_timeout_unacknowledged", "18446744073709551676", "setting.invalid_value"),
        Value("a time in Arabic digits", "nf_conntrack_tcp_timeout_unacknowledged", "٣٠٠", "setting.invalid_value"),
        Value("a table that is lowered", "nf_conntrack_max", "1024", "setting.only_up"),
        Value("a table of one entry", "nf_conntrack_max", "1", "setting.invalid_value"),
        Value("a table beyond the node's memory", "nf_conntrack_max", "2147483647", "setting.memory_exceeded"),
        Value("the filter switched off", "nftables.drop_invalid", "off", "setting.filter_off"),
        Value("the filter with rules of one's own", "nftables.drop_invalid", "forward; flush ruleset", "setting.invalid_value"),
        Value("IPVS's time on a node without IPVS", "ipvs.timeout_tcp", "900", "node.command_unavailable"),
        Value("what it is already", Acct, "0", "setting.unchanged"),
        Revert("at once", Acct, 0, Time),
        Revert("after 9 s", Acct, 9, Time),
        Revert("after a day and a second", Acct, 86_401, Time),
        Revert("after 68 years", Acct, int.MaxValue, Time),
        Revert("after 61 s where a minute is the most", "nf_conntrack_log_invalid", 61, "setting.invalid_revert_time"),
        Set("on no node", ActionBodies.Setting(Acct, "1", nodes: "[]"), "setting.no_node"),
        Set("on nodes that are null", ActionBodies.Setting(Acct, "1", nodes: "null"), "setting.no_node"),
        Set("on a node that does not exist", ActionBodies.Setting(Acct, "1", nodes: """["node1","node3"]"""), "action.unknown_node"),
        Set("on the same node twice", ActionBodies.Setting(Acct, "1", nodes: """["node1","node1"]"""), "action.duplicate_node"),
        Set("on all by a wildcard", ActionBodies.Setting(Acct, "1", nodes: """["*"]"""), "action.unknown_node"),
        Shown("on two nodes, nothing typed", null, 409, "action.typed_confirmation", Both),
        Shown("on two nodes, a node's name typed", "node1", 409, "action.typed_confirmation", Both),
        Shown("on two nodes, the setting typed", Acct, 409, "action.typed_confirmation", Both),
        Shown("on two nodes, 02 typed", "02", 409, "action.typed_confirmation", Both),
        new("a setting: confirmed by another operator", 404, "action.not_found", async c => await c["oscar"].ConfirmAsync((await c["olivia"].RequestAsync(ActionBodies.Setting(Acct, "1"))).Ok("Previewed"))),
        new("a setting: confirmed with a flush's digest", 409, "action.digest_mismatch", async c =>
        {
            var p = c.Operator();
            var (setting, flush) = ((await p.RequestAsync(ActionBodies.Setting(Acct, "1"))).Ok(), (await p.RequestAsync(ActionBodies.Flush(AttackedConsole.Dead))).Ok());
            return await p.DecideAsync(setting.Id, "confirm", new { digest = flush.Digest, reason = "x" });
        }),
        new("a setting: confirmed after its time", 410, "action.expired", async c =>
        {
            var p = c.Operator();
            var shown = (await p.RequestAsync(ActionBodies.Setting(Acct, "1"))).Ok("Previewed");
            await c.AgeAsync(shown.Id);
            return await p.ConfirmAsync(shown);
        }),
        new("a setting: confirmed with a blank reason", 409, "action.missing_reason", async c =>
        {
            var p = c.Operator();
            return await p.ConfirmAsync((await p.RequestAsync(ActionBodies.Setting(Acct, "1"))).Ok("Previewed"), reason: "  ");
        }),
        new("a setting: reverted by a viewer", 403, "action.role", async c => await c["vera"].DecideAsync((await c["olivia"].RequestAsync(ActionBodies.Setting(Acct, "1"))).Ok().Id, "revert", new { reason = "x" })),
        new("a setting: reverted without a change", 410, "action.no_open_change", async c => await c["olivia"].DecideAsync((await c["olivia"].RequestAsync(ActionBodies.Setting(Acct, "1"))).Ok().Id, "revert", new { reason = "x" })),
        new("a setting: cancelled by another operator", 404, "action.not_found", async c => await c["oscar"].DecideAsync((await c["olivia"].RequestAsync(ActionBodies.Setting(Acct, "1"))).Ok().Id, "cancel", new { })),
    ];

    private static Attack Set(string name, string body, string fragment) => new($"a setting: {name}", 409, fragment, c => c.Operator().RequestAsync(body));

    private static Attack Key(string name, string key, string fragment) => Set($"its name is {name}", ActionBodies.Setting(key, "1"), fragment);

    private static Attack Value(string name, string key, string value, string fragment) => Set($"its value is {name}", ActionBodies.Setting(key, value), fragment);

    private static Attack Revert(string name, string key, int seconds, string fragment) =>
        Set($"reverted {name}", ActionBodies.Setting(key, "1", $",\"revertAfterSeconds\":{seconds}"), fragment);

    private static Attack Shown(string name, string? typed, int status, string fragment, string nodes) => new($"a setting: {name}", status, fragment, async c =>
    {
        var p = c.Operator();
        return await p.ConfirmAsync((await p.RequestAsync(ActionBodies.Setting(Acct, "1", nodes: nodes))).Ok("Previewed"), typed);
    });
}
