using Bunit;
using ConntrackConsole.Actions;
using ConntrackConsole.Components.Flush;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using MudBlazor;
using MudBlazor.Services;
using Xunit;

namespace ConntrackConsole.Tests.Components;

public sealed class FlushDialogTests : IAsyncDisposable
{
    private const string PodIp = "10.1.0.5";
    private readonly BunitContext _page = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(Views.NowMs));
    private readonly List<(string Digest, string? Typed, string Reason)> _confirmed = [];
    private readonly List<string> _cancelled = [];
    private IRenderedComponent<MudDialogProvider> _dialogs = null!;

    public FlushDialogTests()
    {
        _page.Services.AddSingleton<TimeProvider>(_clock);
        _page.Services.AddMudServices();
        _page.SetRendererInfo(new RendererInfo("Server", isInteractive: true));
        _page.JSInterop.Mode = JSRuntimeMode.Loose;
    }

    [Fact]
    public async Task Dialog_OwnerGone_IsOneClickWithTheReasonFilledIn()
    {
        await OpenAsync(new GuardVerdict(GuardDecision.Allow, "The pod is gone."));

        Assert.Equal(2, _dialogs.FindAll("[data-testid=preview-entry]").Count);
        Assert.Contains("1 fails fast", _dialogs.Find("[data-node=node-a]").TextContent, StringComparison.Ordinal);
        Assert.Empty(_dialogs.FindAll("[data-testid=typed-confirm]"));
        await _dialogs.Find("[data-testid=confirm]").ClickAsync(new());

        Assert.Equal([("d1", null, "pod gone, 2 stale entries")], _confirmed);
        Assert.Equal("Completed", _dialogs.Find("[data-testid=outcome]").GetAttribute("data-state"));
        Assert.Equal("/audit?action=act-1", _dialogs.Find("[data-testid=outcome-audit]").GetAttribute("href"));
    }

    [Fact]
    public async Task Dialog_OwnerTerminating_OpensOnlyForTheTypedAddress()
    {
        await OpenAsync(new GuardVerdict(GuardDecision.NeedsConfirmation, "The pod is terminating.", PodIp));

        Assert.True(_dialogs.Find("[data-testid=confirm]").HasAttribute("disabled"));
        await _dialogs.Find("[data-testid=typed-confirm]").InputAsync(new ChangeEventArgs { Value = "10.1.0.6" });
        Assert.True(_dialogs.Find("[data-testid=confirm]").HasAttribute("disabled"));
        await _dialogs.Find("[data-testid=typed-confirm]").InputAsync(new ChangeEventArgs { Value = PodIp });
        await _dialogs.Find("[data-testid=confirm]").ClickAsync(new());

        Assert.Equal(PodIp, Assert.Single(_confirmed).Typed);
    }

    [Fact]
    public async Task Dialog_OwnerLive_RefusesWithTheSentenceAndHasNoButton()
    {
        await OpenAsync(new GuardVerdict(GuardDecision.Refuse, "A live pod owns this address."));

        Assert.Contains("A live pod owns this address.", _dialogs.Find("[data-testid=verdict]").TextContent, StringComparison.Ordinal);
        Assert.Empty(_dialogs.FindAll("[data-testid=confirm]"));
        Assert.Empty(_dialogs.FindAll("[data-testid=reason]"));
    }

    [Fact]
    public async Task Dialog_EmptyReason_CannotBeConfirmed()
    {
        await OpenAsync(new GuardVerdict(GuardDecision.Allow, "The pod is gone."));

        await _dialogs.Find("[data-testid=reason]").InputAsync(new ChangeEventArgs { Value = "  " });

        Assert.True(_dialogs.Find("[data-testid=confirm]").HasAttribute("disabled"));
    }

    [Fact]
    public async Task Dialog_PreviewOlderThanItLasts_AsksToLookAgain()
    {
        await OpenAsync(new GuardVerdict(GuardDecision.Allow, "The pod is gone."));

        _clock.Advance(TimeSpan.FromSeconds(61));

        _dialogs.WaitForAssertion(() => Assert.Single(_dialogs.FindAll("[data-testid=again]")));
        Assert.Empty(_dialogs.FindAll("[data-testid=confirm]"));
    }

    [Fact]
    public async Task Dialog_Cancelled_TellsTheDesk()
    {
        await OpenAsync(new GuardVerdict(GuardDecision.Allow, "The pod is gone."));

        await _dialogs.Find("[data-testid=cancel]").ClickAsync(new());

        _dialogs.WaitForAssertion(() => Assert.Equal(["act-1"], _cancelled));
        Assert.Empty(_confirmed);
    }

    [Fact]
    public async Task Dialog_PreviewThatFails_SaysSoAndOffersNothing()
    {
        await OpenAsync(ct => throw new InvalidOperationException("the audit log cannot be written."));

        Assert.Equal("There is no preview: the audit log cannot be written.", _dialogs.Find("[data-testid=flush-fault]").TextContent);
        Assert.Empty(_dialogs.FindAll("[data-testid=confirm]"));
    }

    [Fact]
    public async Task Dialog_TextFromAWorkload_StaysText()
    {
        await OpenAsync(new GuardVerdict(GuardDecision.Refuse, "<img src=x onerror=alert(1)>"));

        Assert.Empty(_dialogs.FindAll("img"));
    }

    private Task OpenAsync(GuardVerdict verdict) => OpenAsync(_ => Task.FromResult(verdict.Decision == GuardDecision.Refuse
        ? ActionAnswer.No(RefusalKind.Guard, verdict.Sentence)
        : ActionAnswer.Of(new ActionRecord(
            new ActionPlan("act-1", new ActionAsk(ActionKind.Flush) { PodIp = PodIp }, "ada", Views.NowMs, verdict, "d1", Views.NowMs + 60_000)
            {
                Previews = [Preview("node-a", Entry("10.1.0.9", FlushEffect.FailsFast)), Preview("node-b", Entry("10.1.2.9", FlushEffect.MayBreak)), Preview("node-c")],
                SuggestedReason = "pod gone, 2 stale entries", Owner = new PlanOwner(OwnerState.Gone, null, null),
            }, ActionState.Previewed, Views.NowMs))));

    private async Task OpenAsync(Func<CancellationToken, Task<ActionAnswer>> preview)
    {
        var desk = new FlushDesk(
            preview,
            (record, typed, reason, _) =>
            {
                _confirmed.Add((record.Plan.Digest, typed, reason));
                return Task.FromResult(ActionAnswer.Of(record with
                {
                    State = ActionState.Completed, Sentence = "2 entries deleted.",
                    Nodes = [new NodeOutcome("node-a", NodeFate.Done, new FlushResult(record.Id, "node-a", 1, 1, 0, 0, 0, 0, null, [], 12))],
                }));
            },
            action =>
            {
                _cancelled.Add(action);
                return Task.CompletedTask;
            });
        _page.Render<MudPopoverProvider>();
        _dialogs = _page.Render<MudDialogProvider>();
        var service = _page.Services.GetRequiredService<IDialogService>();
        await _dialogs.InvokeAsync(() => service.ShowAsync<FlushDialog>("Flush", new DialogParameters<FlushDialog> { { d => d.PodIp, PodIp }, { d => d.Desk, desk } }));
        _dialogs.WaitForElement("[data-testid=flush-dialog]");
    }

    private static FlushPreview Preview(string node, params FlowEntry[] entries) =>
        new("p1", node, "n" + node, entries, Views.NowMs + 60_000, null, true);

    private static FlowEntry Entry(string client, FlushEffect effect) =>
        new("tcp", "ESTABLISHED", client, 40_000, "10.96.0.1", 80, PodIp, 8080, client, 40_000, 0, 7, 280, 14, effect);

    public ValueTask DisposeAsync() => _page.DisposeAsync();
}
