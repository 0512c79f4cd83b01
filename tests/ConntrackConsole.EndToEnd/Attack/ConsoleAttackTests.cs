using ConntrackConsole.Audit;
using Xunit;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>
/// Requests to the real console that must be refused, each with its own code. After each of them the tables of both nodes are
/// dumped again: no entry and no setting has changed; requests that reached the action service are in the audit log.
/// </summary>
public sealed class ConsoleAttackTests(AttackedConsole console) : IClassFixture<AttackedConsole>
{
    private static readonly Dictionary<string, Attack> ByName = ((Attack[])
        [.. StrangerAttacks.All, .. BodyAttacks.All, .. AddressAttacks.All, .. DecisionAttacks.All, .. SettingAttacks.All]).ToDictionary(a => a.Name);

    public static readonly TheoryData<string> Names = [.. ByName.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Attack_IsRefusedWithItsCodeAndNothingIsTouched(string name)
    {
        var attack = ByName[name];
        long before = Head;
        var answer = await attack.Send(console);
        Assert.True(attack.Status == answer.Status, $"{answer.Status} instead of {attack.Status}: {answer.Detail}{answer.Body}");
        Assert.NotNull(answer.Code);
        if (attack.Code.Length > 0)
            Assert.Equal(attack.Code, answer.Code);
        Assert.Contains(attack.Fragment, answer.Detail, StringComparison.Ordinal);
        await console.AssertUntouchedAsync();
        if (attack.IsAudited)
            await AssertAuditedAsync(answer, before);
    }

    [Fact]
    public async Task Confirm_ByAUserWhoBecameAViewer_IsRefused()
    {
        var shown = (await console["lowered"].RequestAsync(ActionBodies.Flush(AttackedConsole.Dead))).Ok("Previewed");
        await console.RestartAsync("lowered", "viewer");
        long before = Head;
        var answer = await console["lowered"].ConfirmAsync(shown);
        Assert.Equal(403, answer.Status);
        Assert.Equal("action.role", answer.Code);
        await console.AssertUntouchedAsync();
        await AssertAuditedAsync(answer, before);
    }

    [Fact]
    public async Task Preview_IPv6AddressInAnotherSpelling_IsOfThatAddress()
    {
        var shown = (await console.Operator().RequestAsync(ActionBodies.Flush("FD00:1:0:0::5"))).Ok("Previewed");
        Assert.Equal(AttackedConsole.DeadV6, shown.Body.GetProperty("target").GetString());
        Assert.Equal(1, shown.Body.GetProperty("nodes")[0].GetProperty("count").GetInt32());
        await console.AssertUntouchedAsync();
    }

    private long Head => console.Host.Get<AuditLog>().Head?.Row ?? 0;

    // The audit log replaces NUL characters of a text.
    private async Task AssertAuditedAsync(Answer answer, long before)
    {
        var rows = await console.Host.Get<AuditLog>().ReadAsync(new AuditFilter(Who: answer.Who, Limit: 20), TestContext.Current.CancellationToken);
        Assert.Contains(rows, row => row.Id > before && row.What.EndsWith(".refused", StringComparison.Ordinal) && row.Code == answer.Code
            && row.Result == answer.Detail.Replace('\0', '\uFFFD'));
    }
}
