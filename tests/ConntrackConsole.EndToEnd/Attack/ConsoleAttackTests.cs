using ConntrackConsole.Audit;
using Xunit;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>
/// Requests to the real console that must be refused, each for its own reason. After every one of them both nodes' tables are
/// dumped again: not an entry is gone or another, not a setting changed; and what reached the desk stands in the audit log.
/// </summary>
public sealed class ConsoleAttackTests(AttackedConsole console) : IClassFixture<AttackedConsole>
{
    private static readonly Dictionary<string, Attack> ByName = ((Attack[])
        [.. StrangerAttacks.All, .. BodyAttacks.All, .. AddressAttacks.All, .. DecisionAttacks.All, .. SettingAttacks.All]).ToDictionary(a => a.Name);

    public static readonly TheoryData<string> Names = [.. ByName.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Attack_IsRefusedForItsReasonAndNothingIsTouched(string name)
    {
        var attack = ByName[name];
        long before = Head;
        var answer = await attack.Send(console);
        Assert.True(attack.Status == answer.Status, $"{answer.Status} instead of {attack.Status}: {answer.Detail}{answer.Body}");
        if (attack.AtDesk && attack.Reason.Length > 0)
            Assert.Equal(attack.Reason, answer.Code);
        else
            Assert.Contains(attack.Reason, answer.Detail, StringComparison.Ordinal);
        await console.AssertUntouchedAsync();
        if (attack.AtDesk)
            await AssertWrittenDownAsync(answer, before);
    }

    [Fact]
    public async Task Confirm_ByWhoIsAViewerSince_IsRefused()
    {
        var shown = (await console["lowered"].AskAsync(Asked.Flush(AttackedConsole.Dead))).Ok("Previewed");
        await console.RestartAsync("lowered", "viewer");
        long before = Head;
        var answer = await console["lowered"].ConfirmAsync(shown);
        Assert.Equal(403, answer.Status);
        Assert.Equal("action.role", answer.Code);
        await console.AssertUntouchedAsync();
        await AssertWrittenDownAsync(answer, before);
    }

    [Fact]
    public async Task Preview_IPv6AddressInAnotherSpelling_IsOfThatAddress()
    {
        var shown = (await console.Operator().AskAsync(Asked.Flush("FD00:1:0:0::5"))).Ok("Previewed");
        Assert.Equal(AttackedConsole.DeadV6, shown.Body.GetProperty("target").GetString());
        Assert.Equal(1, shown.Body.GetProperty("nodes")[0].GetProperty("count").GetInt32());
        await console.AssertUntouchedAsync();
    }

    private long Head => console.Host.Get<AuditLog>().Head?.Row ?? 0;

    // The log has another sign where a text holds a zero byte.
    private async Task AssertWrittenDownAsync(Answer answer, long before)
    {
        var rows = await console.Host.Get<AuditLog>().ReadAsync(new AuditFilter(Who: answer.Who, Limit: 20), TestContext.Current.CancellationToken);
        Assert.Contains(rows, row => row.Id > before && row.What.EndsWith(".refused", StringComparison.Ordinal) && row.Code == answer.Code
            && row.Result == answer.Detail.Replace('\0', '\uFFFD'));
    }
}
