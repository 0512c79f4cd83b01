using System.Text.Json;
using ConntrackConsole.Actions;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Storage;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Actions;

/// <summary>Rows and messages of a version without reason codes, verbatim.</summary>
public sealed class StoredActionTests : IDisposable
{
    private readonly TestDatabase _database = new();

    [Fact]
    public async Task Find_RowOfAVersionWithoutCodes_IsReadWhole()
    {
        await Database.OpenAsync(_database, TestContext.Current.CancellationToken);
        await using (var db = _database.CreateDbContext())
        {
            db.Actions.Add(new ActionRow
            {
                Id = "setting-1", Kind = "Setting", Target = SettingCatalog.BeLiberal, State = "Partly", RequestedBy = "ada", RequestedMs = 1, UpdatedMs = 2,
                Plan = """
                    {"id":"setting-1","ask":{"kind":"Setting","key":"net.netfilter.nf_conntrack_tcp_be_liberal","value":"1","revertAfterMs":60000,"nodes":["node1"],"breakGlass":false},
                    "askedBy":"ada","askedMs":1,"verdict":{"decision":"Allow","sentence":"It can go.","ofRole":false},"digest":"d","expiresMs":61000,"session":"s","previews":[],
                    "readings":[],"silent":[],"owner":{"state":"unknown"},"suggestedReason":""}
                    """,
                Outcome = """
                    {"reason":"because","sentence":"0 → 1 on node1.","nodes":[{"node":"node1","fate":"Done","setting":{"actionId":"setting-1","node":"node1",
                    "key":"net.netfilter.nf_conntrack_tcp_be_liberal","fate":"Withheld","before":"0","now":"1","revertAtMs":5,"sentence":"Not now."},"isOpenChange":true},
                    {"node":"node2","fate":"Unknown"}],
                    "meter":{"fromMs":1,"toMs":2,"untilMs":3,"final":true,"resets":[],"left":0,"recreated":0,"clients":0,"cameBack":0,"untold":[]}}
                    """,
            });
            await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        }

        var record = (await new ActionStore(_database, new FakeTimeProvider()).FindAsync("setting-1", TestContext.Current.CancellationToken))!;
        Assert.Equal(("ada", "1", GuardDecision.Allow, null), (record.Plan.RequestedBy, record.Plan.Request.Value, record.Plan.Verdict.Decision, record.Plan.Verdict.Code));
        Assert.Equal((NodeOutcome.Done, SettingOutcome.Withheld, true), (record.Nodes[0].Outcome, record.Nodes[0].Setting!.Outcome, record.Nodes[0].IsOpenChange));
        Assert.Equal((SettingReasons.Withheld, NodeReasons.NoAnswer), (record.Nodes[0].Code, record.Nodes[1].Code));
        Assert.True(record.Outcome?.Final);
    }

    [Fact]
    public void Messages_OfOtherVersions_AreReadAndKeepTheirNames()
    {
        var result = JsonSerializer.Deserialize(
            """{"actionId":"a","node":"n","listed":1,"deleted":1,"alreadyGone":0,"alive":0,"failed":0,"remaining":0,"refusal":null,"errors":[],"durationMs":1,"fates":"D"}""",
            WireJson.Default.FlushResult)!;
        Assert.Equal(("D", null), (result.EntryOutcomes, result.Code));
        var command = new SettingNodeCommand(new NodeCommand("a", "ada", null, "because", false, 1), "k", "0", "1", 60_000);
        Assert.StartsWith("""{"order":{"actionId":"a","who":"ada",""", JsonSerializer.Serialize(command, WireJson.Default.SettingNodeCommand), StringComparison.Ordinal);
        Assert.Equal(command, JsonSerializer.Deserialize(JsonSerializer.Serialize(command, WireJson.Default.SettingNodeCommand), WireJson.Default.SettingNodeCommand));
        // A newer node sends more than this version knows.
        var setting = JsonSerializer.Deserialize(
            """{"actionId":"a","node":"n","key":"k","fate":"Refused","before":null,"now":null,"revertAtMs":null,"sentence":"No.","code":"setting.some_later_code","later":1}""",
            WireJson.Default.SettingResult)!;
        Assert.Equal((SettingOutcome.Refused, "setting.some_later_code"), (setting.Outcome, setting.Code));
    }

    public void Dispose() => _database.Dispose();
}
