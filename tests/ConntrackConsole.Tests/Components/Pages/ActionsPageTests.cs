using Bunit;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Components.Pages;
using ConntrackConsole.Components.State;
using ConntrackConsole.Identity;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using static ConntrackConsole.Tests.Components.Controls.Actions.ActionRecords;

namespace ConntrackConsole.Tests.Components.Pages;

public sealed class ActionsPageTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();
    private readonly ScriptedActions _actions = new();

    public ActionsPageTests() => _console.Scripted = _actions;

    private static CancellationToken Ct => Xunit.TestContext.Current.CancellationToken;

    [Fact]
    public void Page_Empty_ShowsHowToStart()
    {
        var page = Open();

        Assert.Contains("Start a flush from a pod", page.WaitForElement("[data-testid=actions-empty]").TextContent, StringComparison.Ordinal);
        Assert.Contains("No changes are open", page.Find("[data-testid=no-changes]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_Actions_AreListedNewestFirst()
    {
        await AddAsync(Flushed("flush-old"), Later(Flush("flush-new", Red, ActionState.Waiting) with { ApprovedBy = null }, 5_000));

        var rows = Open().WaitForElements("[data-testid=action-row]", 2);

        Assert.Equal(["flush-new", "flush-old"], rows.Select(r => r.GetAttribute("data-action")));
        // The mark is in the first cell: the grid's rows have no attributes of their own.
        Assert.All(["waiting", "flush, dead-backend", PodIp, "node-a, node-b", "ada", "shop/orders-1", "expires in"], part => Assert.Contains(part, rows[0].Closest("tr")!.TextContent, StringComparison.Ordinal));
        Assert.Equal("◆", rows[0].QuerySelector(".sign")!.TextContent);
        Assert.Equal("✓", rows[1].QuerySelector(".sign")!.TextContent);
    }

    [Fact]
    public async Task Page_UnconfirmedPreviews_AreCountedAndShownOnDemand()
    {
        await AddAsync(Flush("flush-1"), Flush("flush-2") with { State = ActionState.Cancelled });
        var page = Open();

        await page.ClickAsync("actions-looked");

        page.WaitForAssertion(() => Assert.Equal(2, page.FindAll("[data-testid=action-row]").Count));
        Assert.EndsWith("?looked=1", _console.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_FilterChanged_ChangesTheUrl()
    {
        await AddAsync(Flushed("flush-1"), Applied("setting-1", nodes: "node-a"));
        var page = Open();
        page.WaitForElements("[data-testid=action-row]", 2);

        await page.ChooseAsync("actions-kind", "setting");

        page.WaitForAssertion(() => Assert.Equal("setting-1", Assert.Single(page.FindAll("[data-testid=action-row]")).GetAttribute("data-action")));
        Assert.EndsWith("?kind=setting", _console.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_NewAction_Appears()
    {
        var page = Open();
        page.WaitForElement("[data-testid=actions-empty]");

        await AddAsync(Flushed());

        await _console.UntilAsync(() => page.FindAll("[data-testid=action-row]").Count == 1);
    }

    [Fact]
    public async Task Page_Closed_Unsubscribes()
    {
        var page = Open();
        page.WaitForElement("[data-testid=actions-empty]");
        await _console.Context.DisposeComponentsAsync();
        int before = page.RenderCount;

        await AddAsync(Flushed());
        _console.Clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(before, page.RenderCount);
        Assert.Empty(Listeners(_console.Actions));
    }

    [Fact]
    public async Task Panel_ActionInTheUrl_ShowsEntriesReasonCommandAndAudit()
    {
        await AddAsync(Flushed());

        var panel = Open("?action=flush-1").WaitForElement("[data-testid=action-panel]");

        Assert.Equal("Completed", panel.QuerySelector("[data-testid=outcome]")!.GetAttribute("data-state"));
        Assert.Equal("deleted", panel.QuerySelector("[data-node=node-a] [data-testid=preview-entry] .e-effect")!.TextContent);
        Assert.Equal("pod gone", panel.QuerySelector("[data-testid=action-reason]")!.TextContent);
        Assert.Contains($"conntrack -D -r {PodIp}", panel.QuerySelector("[data-testid=action-commands]")!.TextContent, StringComparison.Ordinal);
        Assert.Equal("/audit?action=flush-1", panel.QuerySelector("[data-testid=action-audit]")!.GetAttribute("href"));
        Assert.Empty(panel.QuerySelectorAll("[data-testid=cancel-action], [data-testid=approve]"));
    }

    [Fact]
    public void Panel_UnknownId_IsNotFound()
    {
        Assert.Contains("flush-none", Open("?action=flush-none").WaitForElement("[data-testid=action-lost]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Approver_SeesThePreview_AndApprovesItsDigest()
    {
        await AddAsync(Flush("flush-1", Red, ActionState.Waiting, "ben"));
        _console.Principal = new Principal("ada", Role.Approver, "s-ada", null);
        var page = Open("?action=flush-1");

        var approve = page.WaitForElement("[data-testid=approve]");
        Assert.Equal("Approve and flush 2 entries", approve.TextContent);
        Assert.Equal(2, page.FindAll("[data-testid=action-list] [data-testid=preview-entry]").Count);
        Assert.StartsWith("◆ ben requests your approval.", page.Find("[data-testid=waiting]").TextContent.Trim(), StringComparison.Ordinal);
        await page.ClickAsync("approve");

        Assert.Equal([("flush-1", "d-flush-1")], _actions.Approved);
    }

    [Fact]
    public async Task Approver_RefusedByTheGuards_SeesTheReason()
    {
        await AddAsync(Flush("flush-1", Red, ActionState.Waiting, "ben"));
        _console.Principal = new Principal("ada", Role.Approver, "s-ada", null);
        _actions.OnApprove = record => ActionAnswer.No(RefusalKind.Guard, "flush.owner_live", "It is alive again.", record);
        var page = Open("?action=flush-1");

        await page.ClickAsync("approve");

        page.WaitForAssertion(() => Assert.Equal("It is alive again.", page.Find("[data-testid=action-answer]").TextContent));
    }

    [Theory]
    [InlineData("ada", Role.Approver, "The requester cannot approve")]
    [InlineData("eve", Role.Operator, "Waiting for an approver")]
    public async Task NotAnApprover_HasNoButton(string name, Role role, string sentence)
    {
        await AddAsync(Flush("flush-1", Red, ActionState.Waiting));
        _console.Principal = new Principal(name, role, "s-" + name, null);
        var page = Open("?action=flush-1");

        Assert.Contains(sentence, page.WaitForElement("[data-testid=not-approver]").TextContent, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("[data-testid=approve]"));
    }

    [Fact]
    public async Task Requester_CancelsTheRequest()
    {
        await AddAsync(Flush("flush-1", Red, ActionState.Waiting));
        var page = Open("?action=flush-1");

        await page.ClickAsync("cancel-action");

        Assert.Equal(["flush-1"], _actions.Cancelled);
    }

    [Fact]
    public async Task OpenChange_CountsDownAndIsReverted()
    {
        await AddAsync(Applied("setting-1", nodes: ["node-a", "node-b"]));
        _actions.OnRevert = _ => ActionAnswer.Of(Applied("setting-1", SettingOutcome.Reverted, nodes: "node-a") with { Message = "Back to 0 on node-a, node-b." });
        var page = Open();

        Assert.Equal("in 5 min 00 s", page.WaitForElement("[data-testid=revert-countdown]").TextContent);
        _console.Clock.Advance(TimeSpan.FromSeconds(1));
        page.WaitForAssertion(() => Assert.Equal("in 4 min 59 s", page.Find("[data-testid=revert-countdown]").TextContent));
        Assert.Equal("Revert on 2 nodes", page.Find("[data-testid=revert]").TextContent);
        await page.ClickAsync("revert");

        Assert.Equal(["setting-1"], _actions.Reverted);
        page.WaitForAssertion(() => Assert.Equal("Back to 0 on node-a, node-b.", page.Find("[data-testid=revert-answer]").TextContent));
    }

    [Fact]
    public async Task OpenChange_Drifted_IsMarked()
    {
        _console.AddDeadPod();
        var frame = new NodeFrame { Sequence = 2, AtMs = _console.NowMs, IsKey = true };
        frame.Settings.Add(new SettingChange(_console.NowMs, SettingCatalog.BeLiberal, "1", "0"));
        _console.Store.Apply("node-a", 1, frame);
        await AddAsync(Applied("setting-1", nodes: "node-a"));

        var page = Open();

        Assert.Contains("drifted", page.WaitForElement("[data-testid=open-node][data-drifted=true]").TextContent, StringComparison.Ordinal);
        Assert.Equal("1 open change requires attention.", page.Find("[data-testid=actions-headline]").TextContent);
    }

    [Fact]
    public async Task OpenChange_NotReverted_IsAnAlarm()
    {
        await AddAsync(Applied("setting-1", SettingOutcome.Withheld, "kube-proxy started while it was 1.", "node-a"));

        Assert.Contains("Not reverted: kube-proxy started while it was 1.", Open().WaitForElement("[data-testid=open-node][data-alarm=true]").TextContent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Role.Viewer, false, "is read-only")]
    [InlineData(Role.Operator, true, "console is read-only")]
    public async Task ReadOnly_ButtonsAreDisabledWithTheReason(Role role, bool readOnly, string sentence)
    {
        (_console.Principal, _console.ReadOnly) = (_console.Principal! with { Role = role }, readOnly);
        await AddAsync(Applied("setting-1", nodes: "node-a"));
        var page = Open();

        Assert.True(page.WaitForElement("[data-testid=revert]").HasAttribute("disabled"));
        Assert.True(page.Find("[data-testid=change-setting]").HasAttribute("disabled"));
        Assert.Contains(sentence, page.Find("[data-testid=changes-off]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Escape_ClosesThePanel()
    {
        await AddAsync(Flushed());
        var page = Open("?action=flush-1");
        page.WaitForElement("[data-testid=action-panel]");

        await page.InvokeAsync(() => _console.Context.Services.GetRequiredService<Keyboard>().PressAsync("Escape"));

        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[data-testid=action-panel]")));
    }

    private IRenderedComponent<ActionsPage> Open(string query = "")
    {
        _console.Context.Services.GetRequiredService<NavigationManager>().NavigateTo("/actions" + query);
        return _console.Context.Render<ActionsPage>();
    }

    private async Task AddAsync(params ActionRecord[] records)
    {
        foreach (var record in records)
            await _console.Actions.AddAsync(record, Ct);
    }

    private static ActionRecord Later(ActionRecord record, long ms) => record with { Plan = record.Plan with { RequestedMs = record.Plan.RequestedMs + ms } };

    // Remaining subscribers of the store.
    private static Delegate[] Listeners(ActionStore store) =>
        ((Delegate?)typeof(ActionStore).GetField(nameof(ActionStore.Changed), System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!.GetValue(store))?.GetInvocationList() ?? [];

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
