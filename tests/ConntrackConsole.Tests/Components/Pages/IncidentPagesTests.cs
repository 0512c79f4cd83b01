using Bunit;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Components.Controls.Timeline.Notes;
using ConntrackConsole.Components.Pages;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Identity;
using ConntrackConsole.Incidents.Records;
using Microsoft.AspNetCore.Components;
using Xunit;

namespace ConntrackConsole.Tests.Components.Pages;

/// <summary>The list of incidents, and the page of one.</summary>
public sealed class IncidentPagesTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    private static CancellationToken Ct => Xunit.TestContext.Current.CancellationToken;

    private IncidentService Service => _console.Get<IncidentService>();

    private IncidentStore Store => _console.Get<IncidentStore>();

    [Fact]
    public async Task Window_FillsTheForm_AndOpensTheIncident()
    {
        long toMs = _console.NowMs - 60_500;
        var page = List(IncidentsUrl.Open(toMs - 900_000, toMs, "shop", "orders"));
        page.WaitForElement("[data-testid=incident-form]");
        Assert.Equal("shop/orders", page.Find("#incident-service").GetAttribute("value"));
        page.WaitForAssertion(() => Assert.False(page.Find("[data-testid=incident-open]").HasAttribute("disabled")));
        await page.InvokeAsync(() => page.Find("#incident-title").Input("Orders reset"));
        await page.ClickAsync("incident-open");
        var incident = Assert.Single(await Store.ListAsync(10, null, Ct));
        Assert.Equal(("Orders reset", toMs - 900_000, toMs, "shop", "orders", "ada"), (incident.Title, incident.FromMs, incident.ToMs, incident.Namespace, incident.Service, incident.OpenedBy));
        Assert.EndsWith($"/incidents/{incident.Id}", _console.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Opened_IsNotified_AsText()
    {
        var toasts = _console.Context.Render<MudBlazor.MudSnackbarProvider>();
        var page = List("/incidents?open=1");
        page.WaitForAssertion(() => Assert.False(page.Find("[data-testid=incident-open]").HasAttribute("disabled")));
        await page.InvokeAsync(() => page.Find("#incident-title").Input("Orders <b>reset</b>"));
        await page.ClickAsync("incident-open");
        toasts.WaitForAssertion(() => Assert.Contains("Incident opened: Orders <b>reset</b>", toasts.Find(".mud-snackbar").TextContent, StringComparison.Ordinal));
        Assert.Empty(toasts.FindAll("b"));
    }

    [Fact]
    public async Task Form_Refused_ShowsWhy()
    {
        var page = List("/incidents?open=1");
        page.WaitForAssertion(() => Assert.False(page.Find("[data-testid=incident-open]").HasAttribute("disabled")));
        await page.ClickAsync("incident-open");
        page.WaitForAssertion(() => Assert.Contains("title is empty", page.Find("[data-testid=incident-form-problem]").TextContent, StringComparison.Ordinal));
        await page.InvokeAsync(() => page.Find("#incident-from").Input("soon"));
        await page.ClickAsync("incident-open");
        Assert.Contains("Write the times", page.Find("[data-testid=incident-form-problem]").TextContent, StringComparison.Ordinal);
        Assert.Empty(await Store.ListAsync(10, null, Ct));
    }

    [Fact]
    public void Finding_FillsTheForm()
    {
        string id = BlackHole();
        var page = List(IncidentsUrl.Open(id, null));
        page.WaitForElement("[data-testid=incident-form]");
        Assert.StartsWith("M4", page.Find("#incident-title").GetAttribute("value"), StringComparison.Ordinal);
        Assert.Equal("shop/orders", page.Find("#incident-service").GetAttribute("value"));
        // It lasts.
        Assert.Equal("", page.Find("#incident-to").GetAttribute("value") ?? "");
    }

    [Fact]
    public async Task List_ShowsIncidents_AndFollowsChanges()
    {
        var page = List("/incidents");
        page.WaitForElement("[data-testid=incidents-empty]");
        var incident = await OpenAsync();
        await _console.UntilAsync(() => page.FindAll("[data-testid=incident-link]").Count == 1);
        Assert.Equal($"/incidents/{incident.Id}", page.Find("[data-testid=incident-link]").GetAttribute("href"));
        Assert.Contains("1 open incident", page.Find("[data-testid=incidents-headline]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Viewer_CannotWrite()
    {
        var incident = await OpenAsync();
        _console.Principal = _console.Principal! with { Role = Role.Viewer };
        var list = List("/incidents");
        list.WaitForElement("[data-testid=incident-link]");
        Assert.True(list.Find("[data-testid=incidents-open]").HasAttribute("disabled"));
        var page = Page(incident.Id);
        page.WaitForElement("[data-testid=incident-blocked]");
        Assert.Empty(page.FindAll("[data-testid=incident-close], [data-testid=incident-note-add], [data-testid=incident-pin]"));
    }

    /// <summary>The deployment is read-only by default: what is written about an incident changes no node.</summary>
    [Fact]
    public async Task ReadOnlyConsole_StillTakesNotes()
    {
        _console.ReadOnly = true;
        var page = Page((await OpenAsync()).Id);
        page.WaitForElement("[data-testid=incident-note-add]");
    }

    [Fact]
    public async Task Page_NoteEditedPinnedAndClosed()
    {
        var incident = await OpenAsync();
        var page = Page(incident.Id);
        page.WaitForElement("[data-testid=incident-note-add]");
        await page.InvokeAsync(() => page.Find("#incident-note-text").Input("Rolled back <b>"));
        await page.ClickAsync("incident-note-add");
        page.WaitForAssertion(() => Assert.Contains("Rolled back <b>", page.Find("[data-testid=incident-note]").TextContent, StringComparison.Ordinal));
        Assert.Empty(page.FindAll("[data-testid=incident-note] b"));
        await page.ClickAsync("incident-note-edit");
        await page.InvokeAsync(() => page.Find("[data-testid=incident-note] textarea").Input("Rolled back at 10:05"));
        await page.ClickAsync("incident-note-save");
        page.WaitForAssertion(() => Assert.Contains("Rolled back <b>", page.Find("[data-testid=incident-note-version]").TextContent, StringComparison.Ordinal));
        page.WaitForAssertion(() => Assert.Contains("Rolled back at 10:05", page.Find("[data-testid=incident-event-note]").TextContent, StringComparison.Ordinal));

        await page.InvokeAsync(() => page.Find("#incident-event-time").Input("-1m"));
        await page.InvokeAsync(() => page.Find("#incident-event-text").Input("200 resets a second"));
        await page.ClickAsync("incident-event-add");
        page.WaitForAssertion(() => Assert.Contains("200 resets a second", page.Find("[data-testid=incident-event-pinned]").TextContent, StringComparison.Ordinal));

        await page.ClickAsync("incident-close");
        page.WaitForElement("[data-testid=incident-release]");
        Assert.False((await Store.FindAsync(incident.Id, Ct))!.IsOpen);
        Assert.Equal(4, (await _console.Log.ReadAsync(new(ActionId: incident.Id), Ct)).Count(row => row.What is "incident.note" or "incident.note-edited" or "incident.pinned" or "incident.closed"));
    }

    [Fact]
    public async Task Page_Termination_IsAnEvent_ThatCanBePinned()
    {
        // Without EndpointSlices the Service of a pod is not known: the incident is of all Services.
        _console.AddDeadPod();
        var page = Page((await OpenAsync(service: null)).Id);
        page.WaitForElement("[data-testid=incident-event-termination]");
        Assert.Contains("shop/orders-1", page.Find("[data-testid=incident-event-termination]").TextContent, StringComparison.Ordinal);
        await page.InvokeAsync(() => page.Find("[data-testid=incident-event-termination] [data-testid=incident-pin]").Click());
        page.WaitForElement("[data-testid=incident-event-pinned]");
        Assert.Empty(page.FindAll("[data-testid=incident-pin]"));
    }

    [Fact]
    public async Task Chart_HasTheActionsOfTheWindow()
    {
        var incident = await OpenAsync();
        long atMs = incident.FromMs + 1_000;
        var plan = new ActionPlan("flush-1", new ActionRequest(ActionKind.Flush) { PodIp = "10.1.0.5" }, "ada", atMs, new GuardVerdict(GuardDecision.Allow, ""), "d", atMs + 60_000);
        await _console.Get<ActionStore>().AddAsync(new ActionRecord(plan, ActionState.Completed, atMs) { StartedMs = atMs }, Ct);

        Page(incident.Id).WaitForAssertion(() => Assert.Equal(
            ["Flush of 10.1.0.5"], ((ChartNotes)_console.Chart.Invocations.Last(call => call.Identifier == "note").Arguments[0]!).Actions.Select(span => span.Label)));
    }

    [Fact]
    public async Task Export_HasLinksWithAndWithoutNames_AndAFileIsNeverRedacted()
    {
        var page = Page((await OpenAsync()).Id);
        page.WaitForElement("[data-testid=incident-export-html]");
        Assert.EndsWith("/export?format=html", page.Find("[data-testid=incident-export-html]").GetAttribute("href"), StringComparison.Ordinal);
        Assert.Single(page.FindAll("[data-testid=incident-export-file]"));
        Assert.EndsWith("/export?format=html&redact=true", page.Find("[data-testid=incident-export-html-redacted]").GetAttribute("href"), StringComparison.Ordinal);
        Assert.Empty(page.FindAll("[data-testid=incident-export-file-redacted]"));
    }

    [Fact]
    public void UnknownId_ShowsThatThereIsNone() => Page("inc-none").WaitForElement("[data-testid=incident-none]");

    [Fact]
    public async Task Leaving_Unsubscribes()
    {
        var incident = await OpenAsync();
        var page = Page(incident.Id);
        page.WaitForElement("[data-testid=incident-title]");
        await page.Instance.DisposeAsync();
        // A page that was left is not rendered any more.
        int renders = page.RenderCount;
        Assert.Null((await Service.NoteAsync(incident.Id, "x", _console.Principal!, Ct)).Refusal);
        _console.Clock.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(renders, page.RenderCount);
    }

    private async Task<Incident> OpenAsync(string? service = "orders") => (await Service.OpenAsync(
        new IncidentRequest("Orders reset", _console.NowMs - 600_000, null) { Namespace = "shop", Service = service }, _console.Principal!, Ct)).Incident!;

    private string BlackHole()
    {
        _console.AddDeadPod();
        for (ulong second = 2; second < 16; second++)
        {
            _console.Clock.Advance(TimeSpan.FromSeconds(1));
            _console.Cluster.Confirm(_console.NowMs);
            _console.Frame(second, 3, waiting: 3);
        }

        return Assert.Single(_console.Get<FindingMonitor>().Round().Findings).Id;
    }

    private IRenderedComponent<IncidentsPage> List(string url)
    {
        _console.Get<NavigationManager>().NavigateTo(url);
        return _console.Context.Render<IncidentsPage>();
    }

    private IRenderedComponent<IncidentPage> Page(string id)
    {
        _console.Get<NavigationManager>().NavigateTo($"/incidents/{id}");
        return _console.Context.Render<IncidentPage>(parameters => parameters.Add(page => page.Id, id));
    }

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
