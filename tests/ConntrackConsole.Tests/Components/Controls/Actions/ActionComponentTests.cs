using Bunit;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Checks;
using ConntrackConsole.Checks.Model;
using ConntrackConsole.Components.Controls.Actions;
using ConntrackConsole.Components.Controls.Checks;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Identity;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Components.Controls.Actions.ActionRecords;

namespace ConntrackConsole.Tests.Components.Controls.Actions;

public sealed class ActionComponentTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    [Fact]
    public void Outcome_Measuring_ShowsProgressExpectationAndResets()
    {
        var reading = new OutcomeSample(Views.NowMs, Views.NowMs + 14_000, Views.NowMs + 55_000, false, [new ResetsAround(ResetKind.NewBackend, 0, 4)], 1, 0, 6, 4, ["node-c: not connected"]);

        var outcome = _console.Context.Render<OutcomePanel>(p => p.Add(m => m.Reading, reading).Add(m => m.ExpectedWithinS, 45));

        Assert.Contains("14 s of 55 s", outcome.Markup, StringComparison.Ordinal);
        Assert.Contains("Expected within 45 s", outcome.Find("[data-testid=outcome-expected]").TextContent, StringComparison.Ordinal);
        Assert.Equal("4 of 6", outcome.Find("[data-testid=outcome-reconnected]").TextContent);
        Assert.Contains("from a new backend04", outcome.Find("[data-testid=outcome-resets]").TextContent, StringComparison.Ordinal);
        Assert.Equal("No data from node-c: not connected", outcome.Find("[data-testid=outcome-missing]").TextContent);
        Assert.Single(outcome.FindAll("[role=progressbar]"));
    }

    [Fact]
    public void Outcome_ConnectionsThatIpvsDrops_IsNotGood()
    {
        var reading = new OutcomeSample(Views.NowMs, Views.NowMs + 14_000, Views.NowMs + 55_000, false, [], 0, 0, 2, 2, [], IpvsKept: 3);

        var outcome = _console.Context.Render<OutcomePanel>(p => p.Add(m => m.Reading, reading));

        Assert.Empty(outcome.FindAll(".good"));
        Assert.StartsWith("IPVS still drops the packets of 3 connections", outcome.Find("[data-testid=outcome-ipvs]").TextContent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, 3, false, "IPVS still forwards 3 connections to this address")]
    [InlineData(0, 0, true, "IPVS's table could not be read to its end on every node")]
    public void Outcome_ConnectionsThatIpvsForwardsOrDidNotRead_IsNotGood(int kept, int forwarded, bool unread, string fragment)
    {
        var reading = new OutcomeSample(
            Views.NowMs, Views.NowMs + 14_000, Views.NowMs + 55_000, false, [], 0, 0, 2, 2, [], IpvsKept: kept, IpvsForwarded: forwarded, IpvsUnread: unread);

        var outcome = _console.Context.Render<OutcomePanel>(p => p.Add(m => m.Reading, reading));

        Assert.Empty(outcome.FindAll(".good"));
        Assert.DoesNotContain("drops the packets", outcome.Markup, StringComparison.Ordinal);
        Assert.StartsWith(fragment, outcome.Find(".fault").TextContent, StringComparison.Ordinal);
        Assert.Contains(fragment, ConntrackConsole.Actions.Outcome.OutcomeMonitor.Describe(reading), StringComparison.Ordinal);
    }

    [Fact]
    public void Preview_OfANodeWithIpvs_SaysWhatIpvsWillDo()
    {
        var preview = Tests.Actions.GuardContexts.Preview("node1", 1) with { Ipvs = new(1, 0, 1, 897, false, true, false) };

        var shown = _console.Context.Render<NodePreview>(p => p.Add(m => m.Preview, preview));

        Assert.StartsWith("IPVS keeps 1 connection to this address although the server was removed, and drops its packets for up to 897 s.", shown.Find("[data-testid=preview-ipvs]").TextContent, StringComparison.Ordinal);
        Assert.Contains("expire_nodest_conn=1", shown.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void Outcome_NoDataFromAnyNode_IsUnknown()
    {
        var reading = new OutcomeSample(Views.NowMs, Views.NowMs + 4_000, Views.NowMs + 55_000, false, [], 0, 0, 0, 0, ["node-a: not connected"]);

        var outcome = _console.Context.Render<OutcomePanel>(p => p.Add(m => m.Reading, reading).Add(m => m.NodeCount, 1));

        Assert.All(outcome.FindAll("dd"), figure => Assert.Equal("unknown", figure.TextContent));
    }

    [Fact]
    public void Outcome_Final_IsAnnouncedOnceWithoutExpectation()
    {
        var reading = new OutcomeSample(Views.NowMs, Views.NowMs + 55_000, Views.NowMs + 55_000, true, [], 0, 0, 6, 6, []);

        var outcome = _console.Context.Render<OutcomePanel>(p => p.Add(m => m.Reading, reading).Add(m => m.ExpectedWithinS, 45));

        Assert.Equal("true", outcome.Find("[data-testid=outcome-panel]").GetAttribute("data-final"));
        Assert.Empty(outcome.FindAll("progress, [data-testid=outcome-expected]"));
        Assert.Contains("6 of 6 connections were reset or moved", outcome.Find("[aria-live]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Badge_CountsRequestsOfOthers()
    {
        _console.Principal = new Principal("zoe", Role.Approver, "s-zoe", null);
        await WaitAsync("flush-1", "ben");
        await _console.Actions.AddAsync(Flushed("flush-2"), Ct);

        var badge = _console.Context.Render<ActionBadge>();

        Assert.StartsWith("1", badge.WaitForElement("[data-testid=badge-waiting]").TextContent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ben", Role.Approver)]
    [InlineData("ada", Role.Operator)]
    public async Task Badge_RequesterOrOperator_IsHidden(string name, Role role)
    {
        _console.Principal = new Principal(name, role, "s-" + name, null);
        await WaitAsync("flush-1", "ben");
        var badge = _console.Context.Render<ActionBadge>();
        await _console.UserRead;

        // Another request waits and the user is an approver: the first rendered number counts both.
        _console.Principal = new Principal("zoe", Role.Approver, "s-zoe", null);
        await WaitAsync("flush-2", "ben");
        await _console.UntilAsync(() => badge.FindAll("[data-testid=badge-waiting]").Count > 0);

        Assert.StartsWith("2", badge.Find("[data-testid=badge-waiting]").TextContent, StringComparison.Ordinal);
        Assert.Equal(2, badge.RenderCount);
    }

    [Theory]
    [InlineData("?state=waiting&kind=flush&target=10.1&who=ada&action=flush-1&looked=1", "flush-1", "waiting", "flush", "10.1", "ada", true)]
    [InlineData("?state=nonsense&kind=else", null, null, null, null, null, false)]
    [InlineData("", null, null, null, null, null, false)]
    public void Url_RoundTrips(string query, string? action, string? state, string? kind, string? target, string? who, bool previews)
    {
        var url = ActionsUrl.Parse("http://localhost/actions" + query);

        Assert.Equal(new ActionsUrl(action, state, kind, target, who, previews), url);
        var written = url.ToQuery(false).Where(p => p.Value is not null).Select(p => $"{p.Key}={p.Value}");
        Assert.Equal(url, ActionsUrl.Parse("http://localhost/actions?" + string.Join('&', written)));
    }

    [Fact]
    public void Url_Filters_MatchStateTargetAndWho()
    {
        var record = Flushed() with { ApprovedBy = "Ben" };

        Assert.True(ActionsUrl.Everything.Shows(record));
        Assert.True((ActionsUrl.Everything with { State = "done", Target = "0.5", Who = "ben" }).Shows(record));
        Assert.False((ActionsUrl.Everything with { State = "trouble" }).Shows(record));
        Assert.False((ActionsUrl.Everything with { Who = "eve" }).Shows(record));
    }

    [Fact]
    public void States_EachHasANameAndAGroup()
    {
        Assert.All(Enum.GetValues<ActionState>(), state => Assert.Single(ActionStates.Groups, group => group.Has(state)));
        Assert.Equal(Enum.GetValues<ActionState>().Length, Enum.GetValues<ActionState>().Select(ActionStates.Name).Distinct().Count());
    }

    [Fact]
    public void Commands_AreEquivalentShellCommands()
    {
        var scoped = Flush().Plan with { Request = Flush().Plan.Request with { PodIp = "fd00::5", Scope = new FlushScope("udp", "fd00:1::a", 53) } };
        Assert.Equal(["conntrack -D -f ipv6 -p udp -d fd00:1::a --orig-port-dst 53 -r fd00::5"], ActionCommands.For(scoped));
        Assert.Equal(
            ["sysctl -w net.netfilter.nf_conntrack_tcp_be_liberal=1", "sysctl -w net.netfilter.nf_conntrack_tcp_be_liberal=0   # revert"], ActionCommands.For(Setting(nodes: ["node-a", "node-b"]).Plan));
    }

    [Theory]
    [InlineData(0, "due 0 s ago")]
    [InlineData(1, "in 1 s")]
    [InlineData(59_001, "in 1 min 00 s")]
    [InlineData(7_260_000, "in 2 h 01 min")]
    [InlineData(-12_000, "due 12 s ago")]
    public void Countdown_IsFormatted(long leftMs, string words) => Assert.Equal(words, ActionStates.Until(Views.NowMs + leftMs, Views.NowMs));

    [Fact]
    public void Settings_AllHaveAGroupAndAPlaceToPersist()
    {
        Assert.Equal(SettingCatalog.All.Count, SettingText.Groups.Sum(group => group.Kinds.Count));
        Assert.Equal("/etc/sysctl.d/90-conntrack.conf on the node: net.netfilter.nf_conntrack_acct = 1", SettingText.Persist("net.netfilter.nf_conntrack_acct", "1"));
        Assert.Equal("kube-proxy's configuration: ipvs.tcpTimeout: 60s", SettingText.Persist("ipvs.timeout_tcp", "60"));
    }

    [Theory]
    [InlineData("be-liberal", CheckState.Warning, "0", "1")]
    [InlineData("be-liberal", CheckState.Warning, "1", null)]
    [InlineData("be-liberal", CheckState.Ok, "0", null)]
    [InlineData("invalid-protection", CheckState.Warning, "neither", "1")]
    [InlineData("tcp-loose", CheckState.Warning, "0", "1")]
    public void CheckSetting_IsTheSettingThatFixesTheCheck(string check, CheckState state, string value, string? wanted)
    {
        var name = CheckRules.PerNode.Select(rule => rule.Name).Single(n => n.Id == check);

        Assert.Equal(wanted, CheckSetting.Of(new CheckResult(name, CheckSubject.OfNode("node-a"), state, value, "", ""))?.Value);
    }

    [Fact]
    public void NodeOptions_HaveTheReasonANodeCannotAct()
    {
        var options = NodeOption.Read(
            [Views.Node("node-a"), Views.Node("node-b", silentMs: 60_000), Views.Node("node-c") with { Capabilities = [new Capability("commands", false, "")] }, Views.Node("node-x", connected: false)],
            ["node-a", "node-b", "node-c", "node-d"], Views.NowMs);

        Assert.Equal(["node-a", "node-b", "node-c", "node-d"], options.Select(o => o.Name));
        Assert.Equal([null, "collector is silent", "observe-only: the collector rejects all commands", "no collector"], options.Select(o => o.CannotAct));
    }

    private static CancellationToken Ct => Xunit.TestContext.Current.CancellationToken;

    private Task WaitAsync(string id, string asker) => _console.Actions.AddAsync(Flush(id, Red, ActionState.Waiting, asker), Ct);

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
