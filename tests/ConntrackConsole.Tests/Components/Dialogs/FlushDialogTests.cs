using Bunit;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Components.Dialogs;
using ConntrackConsole.Identity;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;
using Xunit;
using static ConntrackConsole.Tests.Components.Controls.Actions.ActionRecords;

namespace ConntrackConsole.Tests.Components.Dialogs;

public sealed class FlushDialogTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();
    private readonly ScriptedActions _actions = new();
    private IRenderedComponent<MudDialogProvider> _dialogs = null!;
    private IRenderedComponent<MudPopoverProvider> _lists = null!;

    public FlushDialogTests() => _console.Scripted = _actions;

    [Fact]
    public async Task Allowed_IsOneClickWithTheSuggestedReason()
    {
        await OpenAsync(Green);

        Assert.Equal(2, _dialogs.FindAll("[data-testid=preview-entry]").Count);
        Assert.Contains("1 fails fast", _dialogs.Find("[data-node=node-a]").TextContent, StringComparison.Ordinal);
        Assert.Contains("within 120 s", _dialogs.Find("[data-testid=expected]").TextContent, StringComparison.Ordinal);
        Assert.StartsWith("3 other entries to this address", _dialogs.Find("[data-testid=left-out]").TextContent, StringComparison.Ordinal);
        Assert.Contains("cannot be undone", _dialogs.Markup, StringComparison.Ordinal);
        Assert.Empty(_dialogs.FindAll("[data-testid=typed-confirm]"));
        await ClickAsync("confirm");

        Assert.Equal([("d-flush-1", null, "pod gone, 2 stale entries")], _actions.Confirmed);
        Assert.Equal("Completed", Find("outcome").GetAttribute("data-state"));
        Assert.Equal("/audit?action=flush-1", Find("outcome-audit").GetAttribute("href"));
        Assert.Equal([$"Action requested: flush of {PodIp}. It is on the Actions page."], _console.Get<MudBlazor.ISnackbar>().ShownSnackbars.Select(toast => toast.Message));
    }

    [Fact]
    public async Task NeedsConfirmation_IsEnabledByTheTypedAddress()
    {
        await OpenAsync(Amber);

        Assert.True(Find("confirm").HasAttribute("disabled"));
        await TypeAsync("typed-confirm", "10.1.0.6");
        Assert.True(Find("confirm").HasAttribute("disabled"));
        await TypeAsync("typed-confirm", PodIp);
        await ClickAsync("confirm");

        Assert.Equal(PodIp, Assert.Single(_actions.Confirmed).Typed);
    }

    [Theory]
    [InlineData(GuardDecision.Allow)]
    [InlineData(GuardDecision.NeedsConfirmation)]
    public async Task Opened_FocusesCancel(GuardDecision decision)
    {
        await OpenAsync(decision == GuardDecision.Allow ? Green : Amber);

        _dialogs.WaitForAssertion(() => Assert.Contains(_console.Context.JSInterop.Invocations, i => i.Identifier == "Blazor._internal.domWrapper.focus"));
    }

    /// <summary>The request may wait for a quarter of an hour: what clients notice is counted from the flush, not from now.</summary>
    [Fact]
    public async Task Waiting_WhenClientsNotice_IsThatOfAFlushNow()
    {
        _actions.OnConfirm = record => ActionAnswer.Of(record with { State = ActionState.Waiting });
        await OpenAsync(Red);
        await ClickAsync("confirm");

        Assert.StartsWith("Flushed now, clients notice within 120 s", Find("expected").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NeedsApproval_ShowsLinkAndCountdown_AndCanBeCancelled()
    {
        _actions.OnConfirm = record => ActionAnswer.Of(record with { State = ActionState.Waiting });
        await OpenAsync(Red);

        Assert.Equal("Request approval", Find("confirm").TextContent);
        await ClickAsync("confirm");

        Assert.EndsWith("/actions?action=flush-1", Find("waiting-link").TextContent, StringComparison.Ordinal);
        Assert.Contains("in 1 min 00 s", Find("waiting-countdown").TextContent, StringComparison.Ordinal);
        _console.Clock.Advance(TimeSpan.FromSeconds(20));
        _dialogs.WaitForAssertion(() => Assert.Contains("in 40 s", Find("waiting-countdown").TextContent, StringComparison.Ordinal));
        await ClickAsync("take-back");
        Assert.Equal(["flush-1"], _actions.Cancelled);
    }

    [Fact]
    public async Task Waiting_DialogClosed_StaysWaiting()
    {
        _actions.OnConfirm = record => ActionAnswer.Of(record with { State = ActionState.Waiting });
        await OpenAsync(Red);
        await ClickAsync("confirm");

        await ClickAsync("close");

        _dialogs.WaitForAssertion(() => Assert.Empty(_dialogs.FindAll("[data-testid=flush-dialog]")));
        Assert.Empty(_actions.Cancelled);
    }

    [Fact]
    public async Task Waiting_ApprovedElsewhere_ShowsTheResult()
    {
        var ct = Xunit.TestContext.Current.CancellationToken;
        _actions.OnConfirm = record => ActionAnswer.Of(record with { State = ActionState.Waiting });
        await OpenAsync(Red);
        await _console.Actions.AddAsync(Flush(verdict: Red), ct);
        await ClickAsync("confirm");

        await _console.Actions.MoveAsync(Flushed(), ActionState.Previewed, ct);

        await _console.UntilAsync(() => _dialogs.FindAll("[data-testid=outcome][data-state=Completed]").Count == 1);
        Assert.Equal("D", Find("deleted-list").QuerySelector("[data-node=node-a] [data-testid=preview-entry]")!.GetAttribute("data-outcome"));
        Assert.Contains("node-b: the command was sent, no result yet", Find("outcome").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_ShowsTheReason_AndCanBeRefreshed()
    {
        await OpenAsync(Refuse("A live pod owns this address."));

        Assert.Contains("A live pod owns this address.", Find("verdict").TextContent, StringComparison.Ordinal);
        Assert.Empty(_dialogs.FindAll("[data-testid=confirm]"));
        Assert.Empty(_dialogs.FindAll("[data-testid=reason]"));
        _actions.OnRequest = _ => ActionAnswer.Of(Flush());
        await ClickAsync("again");
        Assert.False(Find("confirm").HasAttribute("disabled"));
    }

    [Fact]
    public async Task Confirm_RefusedMeanwhile_ShowsTheReasonAndDiscardsThePreview()
    {
        _actions.OnConfirm = record => ActionAnswer.No(RefusalKind.Guard, "flush.owner_live", "It is alive again.", record);
        await OpenAsync(Green);

        await ClickAsync("confirm");

        Assert.Contains("It is alive again.", Find("verdict").TextContent, StringComparison.Ordinal);
        await ClickAsync("cancel");
        _dialogs.WaitForAssertion(() => Assert.Equal(["flush-1"], _actions.Cancelled));
    }

    [Fact]
    public async Task Preset_Changed_CancelsTheOldPreviewAndLoadsANewOne()
    {
        await OpenAsync(Green);

        Assert.True(Find("preset-dead-backend").HasAttribute("checked"));
        var choosing = ClickAsync("preset-safe");
        _dialogs.WaitForElement("[data-testid=looking]");
        Assert.True(Find("confirm").HasAttribute("disabled"));
        _console.Clock.Advance(TimeSpan.FromSeconds(1));
        await choosing;

        Assert.Equal(["flush-1"], _actions.Cancelled);
        Assert.Equal([null, FlushPreset.Safe], _actions.Requested.Select(request => request.Preset));
        _dialogs.WaitForElement("[data-testid=preview-entry]");
    }

    [Fact]
    public async Task Scope_OffersTheServicesOfThePreview()
    {
        _console.AddDeadPod();
        await OpenAsync(Green);

        Assert.Equal(["all in the preview", "shop/orders (10.96.0.1:80 tcp)"], await _dialogs.OptionsAsync<string>(_lists, "scope-service"));
        var choosing = _dialogs.ChooseAsync("scope-service", "tcp 10.96.0.1 80");
        _dialogs.WaitForElement("[data-testid=looking]");
        _console.Clock.Advance(TimeSpan.FromSeconds(1));
        await choosing;

        Assert.Equal(new FlushScope("tcp", "10.96.0.1", 80), _actions.Requested[^1].Scope);
    }

    [Fact]
    public async Task Nodes_OneExcluded_IsNotInTheRequest()
    {
        _console.AddDeadPod();
        _console.Cluster.Apply([new NodeChange(new NodeInfo("n2", "node-b", true, []), false)]);
        await OpenAsync(Green);

        Assert.Empty(_actions.Requested[0].Nodes);
        var silent = Find("node-choice").QuerySelector("[data-node=node-b]")!;
        Assert.Contains("no collector", silent.TextContent, StringComparison.Ordinal);
        Assert.True(silent.QuerySelector("input")!.HasAttribute("disabled"));
        var choosing = _dialogs.InvokeAsync(() => Find("node-choice").QuerySelector("[data-node=node-a] input")!.ChangeAsync(new ChangeEventArgs { Value = false }));
        _dialogs.WaitForElement("[data-testid=looking]");
        _console.Clock.Advance(TimeSpan.FromSeconds(1));
        await choosing;

        Assert.Equal(["node-b"], _actions.Requested[^1].Nodes);
    }

    [Theory]
    [InlineData(Role.Operator, 0)]
    [InlineData(Role.BreakGlass, 1)]
    public async Task BreakGlass_IsOfferedOnlyToThatRole(Role role, int boxes)
    {
        _console.Principal = _console.Principal! with { Role = role };
        await OpenAsync(Red);

        Assert.Equal(boxes, _dialogs.FindAll("[data-testid=break-glass]").Count);
    }

    [Fact]
    public async Task BreakGlass_Chosen_RefreshesThePreview()
    {
        _console.Principal = _console.Principal! with { Role = Role.BreakGlass };
        await OpenAsync(Red);

        var choosing = _dialogs.InvokeAsync(() => Find("break-glass").ChangeAsync(new ChangeEventArgs { Value = true }));
        _dialogs.WaitForElement("[data-testid=looking]");
        _console.Clock.Advance(TimeSpan.FromSeconds(1));
        await choosing;

        Assert.True(_actions.Requested[^1].BreakGlass);
        Assert.Contains("BREAK-GLASS", Find("break-glass-box").TextContent, StringComparison.Ordinal);
        Assert.Contains("mud-button-filled-error", Find("confirm").ClassName, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EmptyReason_CannotBeConfirmed()
    {
        await OpenAsync(Green);

        await TypeAsync("reason", "  ");

        Assert.True(Find("confirm").HasAttribute("disabled"));
    }

    [Fact]
    public async Task PreviewExpired_MustBeRefreshed()
    {
        await OpenAsync(Green);

        _console.Clock.Advance(TimeSpan.FromSeconds(61));

        _dialogs.WaitForAssertion(() => Assert.Single(_dialogs.FindAll("[data-testid=again]")));
        Assert.Empty(_dialogs.FindAll("[data-testid=confirm]"));
    }

    [Fact]
    public async Task Cancelled_CancelsTheAction()
    {
        await OpenAsync(Green);

        await ClickAsync("cancel");

        _dialogs.WaitForAssertion(() => Assert.Equal(["flush-1"], _actions.Cancelled));
        Assert.Empty(_actions.Confirmed);
    }

    [Fact]
    public async Task PreviewFails_ShowsTheErrorAndNoButton()
    {
        await OpenAsync(_ => throw new InvalidOperationException("the audit log cannot be written."));

        Assert.Equal("The preview failed: the audit log cannot be written.", Find("flush-fault").TextContent);
        Assert.Empty(_dialogs.FindAll("[data-testid=confirm]"));
    }

    [Fact]
    public async Task TextOfAWorkload_IsEncoded()
    {
        await OpenAsync(Refuse("<img src=x onerror=alert(1)>"));

        Assert.Empty(_dialogs.FindAll("img"));
    }

    [Fact]
    public async Task EntryInAZone_AndOffloadedEntry_AreShownAsSuch()
    {
        var record = Flush();
        var offloaded = Entry("10.1.0.9", FlushEffect.MayBreak) with { State = "OFFLOADED", TimeoutSeconds = 0, Status = 0x402E };
        record = record with { Plan = record.Plan with { Previews = [Preview("node-a", Entry("10.1.0.8", FlushEffect.FailsFast) with { Zone = 7 }, offloaded)] } };
        await OpenAsync(_ => ActionAnswer.Of(record));

        Assert.Equal(["tcp ESTABLISHED zone 7", "tcp OFFLOADED"], _dialogs.FindAll("td.e-state").Select(cell => cell.TextContent));
        Assert.Equal(["280 s", "–"], _dialogs.FindAll("td.e-timeout").Select(cell => cell.TextContent));
    }

    [Fact]
    public async Task AddressOfAService_IsLimitedToOneOfItsPorts()
    {
        ActionRequest? asked = null;
        _console.Cluster.Watching();
        _console.Cluster.Apply([new ServiceChange(new ServiceInfo("s", new ServiceKey("k4", "dns"), [Kernel.Net.Ip.Parse(PodIp)], [new ServicePort("dns", 17, 53, 0)]), false)]);
        await OpenAsync(request =>
        {
            asked = request;
            return ActionAnswer.Of(Flush());
        });

        Assert.Equal(new FlushScope("udp", PodIp, 53), asked?.Scope);
    }

    [Fact]
    public async Task ManyEntries_AreVirtualized()
    {
        var many = Flush();
        many = many with { Plan = many.Plan with { Previews = [Preview("node-a", [.. Enumerable.Repeat(Entry("10.1.0.9", FlushEffect.FailsFast), 5_000)])] } };
        await OpenAsync(_ => ActionAnswer.Of(many));

        Assert.Equal("Flush 5,000 entries", Find("confirm").TextContent);
        Assert.True(_dialogs.FindAll("[data-testid=preview-entry]").Count < 300);
    }

    private static GuardVerdict Refuse(string sentence) => new(GuardDecision.Refuse, sentence);

    private AngleSharp.Dom.IElement Find(string id) => _dialogs.Find($"[data-testid={id}]");

    private Task ClickAsync(string id) => _dialogs.ClickAsync(id);

    private Task TypeAsync(string id, string text) => Find(id).InputAsync(new ChangeEventArgs { Value = text });

    private Task OpenAsync(GuardVerdict verdict) => OpenAsync(_ =>
        verdict.Decision == GuardDecision.Refuse ? ActionAnswer.No(RefusalKind.Guard, verdict.Code ?? "flush.owner_live", verdict.Message) : ActionAnswer.Of(Flush(verdict: verdict)));

    private async Task OpenAsync(Func<ActionRequest, ActionAnswer> answer)
    {
        _actions.OnRequest = answer;
        _lists = _console.Context.Render<MudPopoverProvider>();
        _dialogs = _console.Context.Render<MudDialogProvider>();
        var service = _console.Context.Services.GetRequiredService<IDialogService>();
        await _dialogs.InvokeAsync(() => service.ShowAsync<FlushDialog>("Flush", new DialogParameters<FlushDialog> { { d => d.PodIp, PodIp } }));
        _dialogs.WaitForElement("[data-testid=flush-dialog]");
        // The preview is loaded after the first rendering.
        _dialogs.WaitForAssertion(() => Assert.Empty(_dialogs.FindAll("[data-testid=looking]")));
    }

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
