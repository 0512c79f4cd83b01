using ConntrackConsole.Audit;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>
/// The same users, nodes and checks as in the attacks, with allowed actions: each kind of action runs end to end, over
/// HTTP, the hub and the collectors, into real tables and settings, and touches nothing else.
/// </summary>
public sealed class AllowedActionTests(AttackedConsole console) : IClassFixture<AttackedConsole>
{
    [Fact]
    public async Task Flush_OfADeadPod_DeletesOnlyThePreviewedEntries()
    {
        string ip = await console.DeadPodAsync();
        var person = console.Operator();
        var shown = (await person.RequestAsync(ActionBodies.Flush(ip))).Ok("Previewed");
        Assert.Equal("Allow", shown.Body.GetProperty("decision").GetString());

        var done = (await person.ConfirmAsync(shown, reason: "its clients hang")).Ok("Completed");
        console.Node1.Expect(ip);
        await console.AssertUntouchedAsync();
        Assert.Equal("1 entry deleted on 1 node; none remain.", done.Body.GetProperty("sentence").GetString());

        // A second confirmation is refused.
        Assert.Equal(410, (await person.ConfirmAsync(shown)).Status);
        var rows = await RowsAsync(shown.Id);
        Assert.Equal(["flush.requested", "flush.previewed", "flush.approved", "flush.completed", "flush.refused"], rows.Where(r => r.What != "flush.measured").Select(r => r.What));
        Assert.Contains($"\"replySrc\":\"{ip}\"", rows.Single(r => r.What == "flush.completed").Details, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Flush_OfAnIPv6Pod_DeletesItsEntryAlone()
    {
        const string ip = "fd00:1::77";
        console.Former(ip);
        await console.Node1.InsertAsync([AttackedNode.Entry(ip, 45_000)]);
        var person = console.Operator();
        (await person.ConfirmAsync((await person.RequestAsync(ActionBodies.Flush(ip))).Ok("Previewed"), reason: "its clients hang")).Ok("Completed");
        console.Node1.Expect(ip);
        await console.AssertUntouchedAsync();
    }

    [Fact]
    public async Task Flush_OfAll_WaitsForTheSecondPerson()
    {
        string ip = await console.DeadPodAsync();
        var shown = (await console["olivia"].RequestAsync(ActionBodies.Flush(ip, ""","preset":"all" """))).Ok("Previewed");
        (await console["olivia"].ConfirmAsync(shown, reason: "no backend answers")).Ok("Waiting");
        await console.AssertUntouchedAsync();

        (await console["anna"].ApproveAsync(shown)).Ok("Completed");
        console.Node1.Expect(ip);
        await console.AssertUntouchedAsync();
        Assert.Equal(["olivia", "olivia", "olivia", "anna", "anna"], (await RowsAsync(shown.Id)).Where(r => r.What != "flush.measured").Select(r => r.Who));
    }

    [Fact]
    public async Task Setting_OnANode_IsWrittenThereAndRevertedManually()
    {
        var person = console.Operator();
        var shown = (await person.RequestAsync("""{"kind":"setting","key":"nf_conntrack_tcp_be_liberal","value":"1","nodes":["node1"],"revertAfterSeconds":60}""")).Ok("Previewed");
        (await person.ConfirmAsync(shown, reason: "clients reset the pod's address")).Ok("Completed");
        Assert.Equal("1", console.Node1.Setting("nf_conntrack_tcp_be_liberal"));

        (await person.DecideAsync(shown.Id, "revert", new { reason = "it did not help" })).Ok();
        Assert.Equal("0", console.Node1.Setting("nf_conntrack_tcp_be_liberal"));
        await console.AssertUntouchedAsync();
        var rows = await RowsAsync(shown.Id);
        Assert.Equal(["setting.requested", "setting.previewed", "setting.approved", "setting.completed", "setting.revert-ordered", "setting.reverted"], rows.Select(r => r.What));
        Assert.Equal(("node1: 0", "node1: 1 (Written)"), (rows[3].Before, rows[3].After));
    }

    [Fact]
    public async Task Setting_Expired_IsRevertedByTheNodeAndAudited()
    {
        var person = console.Operator();
        var shown = (await person.RequestAsync("""{"kind":"setting","key":"nf_conntrack_acct","value":"1","nodes":["node1"],"revertAfterSeconds":10}""")).Ok("Previewed");
        (await person.ConfirmAsync(shown, reason: "to count for a moment")).Ok("Completed");
        Assert.Equal("1", console.Node1.Setting("nf_conntrack_acct"));

        await Eventually.TrueAsync(() => console.Node1.Setting("nf_conntrack_acct") == "0");
        await UntilRowAsync(shown.Id, "setting.reverted");
        await console.AssertUntouchedAsync();
    }

    [Fact]
    public async Task Filter_OnANode_IsArmedInItsKernelAndRemovedByReverting()
    {
        var person = console.Operator();
        var shown = (await person.RequestAsync($$"""{"kind":"setting","key":"{{SettingCatalog.DropInvalid}}","value":"forward","nodes":["node1"],"revertAfterSeconds":60}""")).Ok("Previewed");
        (await person.ConfirmAsync(shown, typed: "1", reason: "clients reset the pod's address")).Ok("Completed");
        Assert.True(console.Node1.DropsInvalid());

        (await person.DecideAsync(shown.Id, "revert", new { })).Ok();
        Assert.False(console.Node1.DropsInvalid());
        await console.AssertUntouchedAsync();
    }

    [Fact]
    public async Task CommandLine_OnANode_IsInTheConsolesAuditLog()
    {
        string ip = await console.DeadPodAsync();
        int code = await console.Node1.CommandAsync(console.Host.Folder, "node1", "flush", "--pod-ip", ip, "--preset", "dead-backend", "--break-glass", "--reason", "typed at three", "--yes");
        Assert.Equal(0, code);
        console.Node1.Expect(ip);
        await console.AssertUntouchedAsync();
        await Eventually.TrueAsync(() => RowsAsync(null, "flush.on-node").Result.Any(r => r.Target == ip));
        var row = (await RowsAsync(null, "flush.on-node")).Single(r => r.Target == ip);
        Assert.Equal(("node1", "typed at three"), (row.Where, row.Why));
        Assert.Contains(ip, row.Details, StringComparison.Ordinal);
    }

    private async Task<List<AuditEntry>> RowsAsync(string? id, string? what = null) =>
        [.. (await console.Host.Get<AuditLog>().ReadAsync(new AuditFilter(ActionId: id, What: what), TestContext.Current.CancellationToken)).Reverse()];

    private Task UntilRowAsync(string id, string what) => Eventually.TrueAsync(() => RowsAsync(id, what).Result.Count > 0);
}
