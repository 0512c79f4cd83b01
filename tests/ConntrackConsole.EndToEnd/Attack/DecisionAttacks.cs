using Xunit;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>Confirmations, approvals and cancellations by the wrong user, too late, twice, or with the wrong digest.</summary>
internal static class DecisionAttacks
{
    private const string Dead = AttackedConsole.Dead, NotYours = "action.not_found", NotShown = "action.digest_mismatch", NoLonger = "action.expired";
    private static readonly string Good = ActionBodies.Flush(Dead), TakesAll = ActionBodies.Flush(Dead, ""","preset":"all" """);

    public static readonly Attack[] All =
    [
        Confirm("of an action that never was", 404, NotYours, (_, p, s) => p.DecideAsync("flush-00000000000000000000000000000000", "confirm", new { digest = s.Digest, reason = "x" })),
        Confirm("of an id of 2,000 letters", 404, NotYours, (_, p, s) => p.DecideAsync(new string('a', 2_000), "confirm", new { digest = s.Digest, reason = "x" })),
        Confirm("of an id with SQL in it", 404, NotYours, (_, p, s) => p.DecideAsync(Uri.EscapeDataString($"{s.Id}' OR '1'='1"), "confirm", new { digest = s.Digest, reason = "x" })),
        Confirm("of an id in capitals", 404, NotYours, (_, p, s) => p.DecideAsync(s.Id.ToUpperInvariant(), "confirm", new { digest = s.Digest, reason = "x" })),
        Confirm("of another operator's preview", 404, NotYours, (c, _, s) => c["oscar"].ConfirmAsync(s)),
        Confirm("by an approver of an operator's preview", 404, NotYours, (c, _, s) => c["anna"].ConfirmAsync(s)),
        Confirm("by an admin of an operator's preview", 404, NotYours, (c, _, s) => c["adam"].ConfirmAsync(s)),
        Confirm("by break-glass of an operator's preview", 404, NotYours, (c, _, s) => c["bruno"].ConfirmAsync(s)),
        Confirm("with a wrong digest", 409, NotShown, (_, p, s) => p.DecideAsync(s.Id, "confirm", new { digest = new string('0', 64), reason = "x" })),
        Confirm("with the digest in capitals", 409, NotShown, (_, p, s) => p.DecideAsync(s.Id, "confirm", new { digest = s.Digest.ToUpperInvariant(), reason = "x" })),
        Confirm("with half of the digest", 409, NotShown, (_, p, s) => p.DecideAsync(s.Id, "confirm", new { digest = s.Digest[..32], reason = "x" })),
        Confirm("with an empty digest", 409, NotShown, (_, p, s) => p.DecideAsync(s.Id, "confirm", new { digest = "", reason = "x" })),
        Confirm("without a digest", 409, NotShown, (_, p, s) => p.DecideAsync(s.Id, "confirm", new { reason = "x" })),
        Confirm("with the node's digest", 409, NotShown, (_, p, s) => p.DecideAsync(s.Id, "confirm", new { digest = s.Body.GetProperty("nodes")[0].GetProperty("digest").GetString(), reason = "x" })),
        Confirm("with another preview's digest", 409, NotShown, async (_, p, s) =>
            await p.DecideAsync(s.Id, "confirm", new { digest = (await p.RequestAsync(Good)).Ok().Digest, reason = "x" })),
        Confirm("without a reason", 409, "action.missing_reason", (_, p, s) => p.ConfirmAsync(s, reason: null)),
        Confirm("with an empty reason", 409, "action.missing_reason", (_, p, s) => p.ConfirmAsync(s, reason: "")),
        Confirm("with a blank reason", 409, "action.missing_reason", (_, p, s) => p.ConfirmAsync(s, reason: " \t\n")),
        Confirm("after the cancellation", 410, "action.wrong_state", async (_, p, s) =>
        {
            (await p.DecideAsync(s.Id, "cancel", new { })).Ok("Cancelled");
            return await p.ConfirmAsync(s);
        }),
        Confirm("after an approver's cancellation", 410, "action.wrong_state", async (c, p, s) =>
        {
            (await c["anna"].DecideAsync(s.Id, "cancel", new { })).Ok("Cancelled");
            return await p.ConfirmAsync(s);
        }),
        Confirm("after its time", 410, NoLonger, async (c, p, s) =>
        {
            await c.AgeAsync(s.Id);
            return await p.ConfirmAsync(s);
        }),
        Confirm("of one that was refused at the preview", 410, "action.wrong_state", async (c, p, _) =>
        {
            var refused = await p.RequestAsync(ActionBodies.Flush(AttackedNode.Gateway));
            string id = refused.Body.GetProperty("action").GetString()!;
            return await p.DecideAsync(id, "confirm", new { digest = "", reason = "x" });
        }),
        new("a confirmation while the cluster is silent", 409, "flush.cluster_stale", async c =>
        {
            var p = c.Operator();
            var shown = (await p.RequestAsync(Good)).Ok();
            await c.Host.SilenceClusterAsync(TimeSpan.FromSeconds(12));
            try
            {
                return await p.ConfirmAsync(shown);
            }
            finally
            {
                c.Host.TellCluster();
            }
        }),
        new("a preview while the cluster is silent", 409, "flush.cluster_stale", async c =>
        {
            await c.Host.SilenceClusterAsync(TimeSpan.FromSeconds(12));
            try
            {
                return await c.Operator().RequestAsync(Good);
            }
            finally
            {
                c.Host.TellCluster();
            }
        }),
        new("a confirmation after another pod got the address", 409, "flush.owner_live", async c =>
        {
            var (p, shown, ip) = await ShownAsync(c);
            c.Reassign(ip);
            return await p.ConfirmAsync(shown);
        }),
        new("a confirmation after the same pod came back", 409, "flush.owner_live", async c =>
        {
            var (p, shown, ip) = await ShownAsync(c);
            c.Reassign(ip, "x");
            return await p.ConfirmAsync(shown);
        }),
        new("a confirmation after another pod had the address and went", 409, "action.owner_changed", async c =>
        {
            var (p, shown, ip) = await ShownAsync(c);
            c.Reassign(ip);
            c.End(ip);
            return await p.ConfirmAsync(shown);
        }),
        new("a confirmation after the Service lists the address again", 409, "flush.endpoint_ready", async c =>
        {
            var (p, shown, ip) = await ShownAsync(c);
            c.List(ip, true);
            try
            {
                return await p.ConfirmAsync(shown);
            }
            finally
            {
                c.List(ip, false);
            }
        }),
        new("a confirmation that comes a second time", 410, "action.wrong_state", async c =>
        {
            var (p, shown, ip) = await ShownAsync(c);
            (await p.ConfirmAsync(shown)).Ok("Completed");
            // Entries that a second deletion would find.
            await c.Node1.InsertAsync([AttackedNode.Entry(ip, 42_000)]);
            return await p.ConfirmAsync(shown);
        }),
        new("ten confirmations at once, of which one may go", 410, "", async c =>
        {
            var (p, shown, ip) = await ShownAsync(c);
            var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => p.ConfirmAsync(shown)));
            await c.Node1.InsertAsync([AttackedNode.Entry(ip, 42_001)]);
            Assert.Single(answers, a => a.Status == 200);
            return answers.First(a => a.Status != 200);
        }),
        Typed("nothing", null),
        Typed("yes", "yes"),
        Typed("another address", Dead),
        Typed("the address with a port", AttackedConsole.Ending + ":80"),
        Typed("the node", "node1"),

        Approve("by who asked", 403, "action.own_approval", (c, s) => c["anna"].ApproveAsync(s), by: "anna"),
        Approve("by an admin who asked himself", 403, "action.own_approval", (c, s) => c["adam"].ApproveAsync(s), by: "adam"),
        Approve("by another operator", 403, "action.role_may_not_approve", (c, s) => c["oscar"].ApproveAsync(s)),
        Approve("by the operator who asked", 403, "action.role_may_not_approve", (c, s) => c["olivia"].ApproveAsync(s)),
        Approve("by a viewer", 403, "action.role_may_not_approve", (c, s) => c["vera"].ApproveAsync(s)),
        Approve("by break-glass", 403, "action.role_may_not_approve", (c, s) => c["bruno"].ApproveAsync(s)),
        Approve("with a wrong digest", 409, NotShown, (c, s) => c["anna"].DecideAsync(s.Id, "approve", new { digest = new string('0', 64) })),
        Approve("without a digest", 409, NotShown, (c, s) => c["anna"].DecideAsync(s.Id, "approve", new { })),
        Approve("after it was cancelled", 410, "action.wrong_state", async (c, s) =>
        {
            (await c["olivia"].DecideAsync(s.Id, "cancel", new { })).Ok("Cancelled");
            return await c["anna"].ApproveAsync(s);
        }),
        Approve("after its time", 410, NoLonger, async (c, s) =>
        {
            await c.AgeAsync(s.Id);
            return await c["anna"].ApproveAsync(s);
        }),
        Approve("by confirming it once more", 410, NoLonger, (c, s) => c["olivia"].ConfirmAsync(s)),
        Approve("by a confirmation of the approver", 404, NotYours, (c, s) => c["anna"].ConfirmAsync(s)),
        new("an approval of what only was shown", 404, NotYours, async c => await c["anna"].ApproveAsync((await c["olivia"].RequestAsync(TakesAll)).Ok("Previewed"))),
        new("an approval of what needs none", 404, NotYours, async c => await c["anna"].ApproveAsync((await c.Operator().RequestAsync(Good)).Ok("Previewed"))),
        new("an approval of an action that never was", 404, NotYours, c => c["anna"].DecideAsync("flush-0", "approve", new { digest = "" })),
        new("an approval after another pod got the address", 409, "flush.owner_live", async c =>
        {
            var waiting = await WaitingAsync(c, "olivia", await c.DeadPodAsync());
            c.Reassign(waiting.Body.GetProperty("target").GetString()!);
            return await c["anna"].ApproveAsync(waiting);
        }),

        new("a cancellation of another operator's preview", 404, NotYours, async c => await c["oscar"].DecideAsync((await c["olivia"].RequestAsync(Good)).Ok().Id, "cancel", new { })),
        new("a cancellation by a viewer", 404, NotYours, async c => await c["vera"].DecideAsync((await c["olivia"].RequestAsync(Good)).Ok().Id, "cancel", new { })),
        new("a cancellation of what was cancelled", 410, "action.wrong_state", async c =>
        {
            var shown = (await c["olivia"].RequestAsync(Good)).Ok();
            (await c["olivia"].DecideAsync(shown.Id, "cancel", new { })).Ok("Cancelled");
            return await c["olivia"].DecideAsync(shown.Id, "cancel", new { });
        }),
        new("a cancellation of an action that never was", 404, NotYours, c => c["adam"].DecideAsync("flush-0", "cancel", new { })),
        new("a revert of a flush", 404, NotYours, async c => await c["olivia"].DecideAsync((await c["olivia"].RequestAsync(Good)).Ok().Id, "revert", new { })),
        new("a revert of an action that never was", 404, NotYours, c => c["olivia"].DecideAsync("setting-0", "revert", new { })),
    ];

    private static Attack Confirm(string name, int status, string fragment, Func<AttackedConsole, Person, Answer, Task<Answer>> send) =>
        new($"a confirmation {name}", status, fragment, async c =>
        {
            var person = c.Operator();
            return await send(c, person, (await person.RequestAsync(Good)).Ok("Previewed"));
        });

    // The pod still exists, so its address must be typed.
    private static Attack Typed(string name, string? typed) => new($"a confirmation for which was typed: {name}", 409, "action.typed_confirmation", async c =>
    {
        var person = c.Operator();
        return await person.ConfirmAsync((await person.RequestAsync(ActionBodies.Flush(AttackedConsole.Ending, ""","preset":"dead-backend" """))).Ok("Previewed"), typed);
    });

    private static Attack Approve(string name, int status, string fragment, Func<AttackedConsole, Answer, Task<Answer>> send, string by = "olivia") =>
        new($"an approval {name}", status, fragment, async c => await send(c, await WaitingAsync(c, by, Dead)));

    private static async Task<Answer> WaitingAsync(AttackedConsole c, string by, string ip)
    {
        var shown = (await c[by].RequestAsync(ActionBodies.Flush(ip, ""","preset":"all" """))).Ok("Previewed");
        return (await c[by].ConfirmAsync(shown)).Ok("Waiting");
    }

    private static async Task<(Person Person, Answer Shown, string Ip)> ShownAsync(AttackedConsole c)
    {
        var person = c.Operator();
        string ip = await c.DeadPodAsync();
        return (person, (await person.RequestAsync(ActionBodies.Flush(ip))).Ok("Previewed"), ip);
    }
}
