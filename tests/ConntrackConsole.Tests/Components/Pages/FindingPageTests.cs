using Bunit;
using ConntrackConsole.Audit;
using ConntrackConsole.Components.Dialogs;
using ConntrackConsole.Components.Pages;
using ConntrackConsole.Components.State;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;
using MudBlazor;
using Xunit;

namespace ConntrackConsole.Tests.Components.Pages;

/// <summary>The page of one finding.</summary>
public sealed class FindingPageTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();
    private ulong _second = 1;

    private FindingMonitor Monitor => _console.Get<FindingMonitor>();

    [Fact]
    public void BlackHole_ShowsThePathTheEvidenceAndTheCommands()
    {
        var page = Open(BlackHole());
        page.WaitForElement("[data-testid=path]");

        Assert.Contains("M4", page.Find("h1").TextContent, StringComparison.Ordinal);
        Assert.Contains("The entries on node-a still lead connections of shop/orders to 10.1.0.5:8080, but no live pod has that address.", page.Find("[data-testid=finding-text]").TextContent, StringComparison.Ordinal);
        // The drawing has a name and its content in words.
        var svg = page.Find("[data-testid=path] svg");
        Assert.Equal("img", svg.GetAttribute("role"));
        string[] labels = svg.GetAttribute("aria-labelledby")!.Split(' ');
        Assert.All(labels, id => Assert.NotNull(page.Find($"#{id}")));
        Assert.Contains("Backend pod shop/orders-1 at 10.1.0.5:8080, the request fails here, no answer comes here", page.Find($"#{labels[1]}").TextContent, StringComparison.Ordinal);
        Assert.Equal(["Client", "Client's node", "Service", "Translation (NAT)", "Backend's node", "Backend pod"], page.FindAll("[data-testid=path] .label").Select(label => label.TextContent));
        Assert.Contains("Backend pod", Assert.Single(page.FindAll("[data-testid=path] .hop.fails")).TextContent, StringComparison.Ordinal);

        Assert.Equal(
            ["conntrack -L -p tcp -d 10.96.0.1 --orig-port-dst 80 -r 10.1.0.5", "ip route show match 10.1.0.5"],
            page.FindAll("[data-testid=finding-command] code").Select(code => code.TextContent).Where(text => text.StartsWith("conntrack", StringComparison.Ordinal) || text.Contains("route", StringComparison.Ordinal)));
        Assert.All(page.FindAll("[data-testid=finding-command]"), command => Assert.StartsWith("Copy the command", command.QuerySelector("button")!.GetAttribute("aria-label"), StringComparison.Ordinal));
        // A link of the evidence opens the timeline at its time, of this Service.
        var state = LiveState.Parse(page.Find("[data-testid=finding-evidence] a").GetAttribute("href")!, 0);
        Assert.Equal(("shop", "orders", "10.1.0.5", 120_000), (state.Namespace, state.Service, state.Pod, state.RangeMs));
        Assert.Contains("Two independent kinds of evidence agree", page.Markup, StringComparison.Ordinal);
        Assert.Contains("nodes count these connections", page.Find("[data-testid=finding-clients]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FlushButton_OpensThePreviewOfItsAddress()
    {
        var page = Open(BlackHole());
        var dialogs = _console.Context.Render<MudDialogProvider>();
        page.WaitForAssertion(() => Assert.False(page.Find("[data-testid=finding-flush]").HasAttribute("disabled")));
        await page.ClickAsync("finding-flush");
        dialogs.WaitForAssertion(() => Assert.Equal("10.1.0.5", dialogs.FindComponent<FlushDialog>().Instance.PodIp));
    }

    [Fact]
    public async Task SettingButton_OpensThePreviewWithSettingValueAndNodes_AndTheManifestHasTheValue()
    {
        var page = Open(Invalid());
        var dialogs = _console.Context.Render<MudDialogProvider>();
        page.WaitForAssertion(() => Assert.False(page.Find("[data-testid=finding-setting]").HasAttribute("disabled")));
        Assert.Equal("Set nf_conntrack_tcp_be_liberal to 1…", page.Find("[data-testid=finding-setting]").TextContent);
        Assert.Contains("conntrack:\n  tcpBeLiberal: true", page.Find("[data-testid=finding-manifest] pre, [data-testid=finding-manifest] .command code").TextContent, StringComparison.Ordinal);
        await page.ClickAsync("finding-setting");
        dialogs.WaitForAssertion(() =>
        {
            var dialog = dialogs.FindComponent<SettingDialog>().Instance;
            Assert.Equal((SettingCatalog.BeLiberal, "1", "node-a", true), (dialog.Key, dialog.Value, Assert.Single(dialog.Nodes), dialog.IsPreviewed));
        });
    }

    /// <summary>It remains on the page while someone reads it, without buttons that act.</summary>
    [Fact]
    public async Task Finding_ThatIsNotFoundAnyMore_Remains_AndCannotAct()
    {
        var page = Open(BlackHole());
        page.WaitForElement("[data-testid=path]");
        _console.Frame(++_second, 0);
        _console.Clock.Advance(TimeSpan.FromMinutes(80));
        _console.Frame(++_second, 0);
        Monitor.Round();
        await _console.UntilAsync(() => page.FindAll("[data-testid=finding-gone]").Count == 1);
        Assert.NotEmpty(page.FindAll("[data-testid=path]"));
        Assert.True(page.FindAll("[data-testid=finding-flush]").All(button => button.HasAttribute("disabled")));
    }

    [Fact]
    public void UnknownId_IsSaid()
    {
        BlackHole();
        var page = Open("finding-00000000000000000000");
        page.WaitForElement("[data-testid=finding-missing]");
        Assert.Contains("finding-00000000000000000000", page.Markup, StringComparison.Ordinal);
    }

    /// <summary>A link to a finding that ended days ago opens the stored window in which the audit log has it.</summary>
    [Fact]
    public async Task EndedFinding_IsReadFromTheWindowOfItsAuditRow()
    {
        BlackHole();
        await _console.Log.AppendAsync(new AuditNote("conntrack-console", null, FindingAudit.Opened, "node-a", "shop/orders", "", null, "{\"code\":\"mechanism.black_hole\"}", "open", null, "finding-old"), Xunit.TestContext.Current.CancellationToken);
        var page = Open("finding-old");
        // Its frames are not stored here, which is said, instead of an empty page that looks calm.
        page.WaitForElement("[data-testid=finding-missing]");
        Assert.Contains("older than what is stored", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Leaving_Unsubscribes()
    {
        var page = Open(BlackHole());
        page.WaitForElement("[data-testid=path]");
        Assert.Equal(1, Monitor.Listeners);
        await page.Instance.DisposeAsync();
        Assert.Equal(0, Monitor.Listeners);
    }

    private string BlackHole()
    {
        _console.AddDeadPod();
        for (; _second < 15; _second++)
        {
            _console.Clock.Advance(TimeSpan.FromSeconds(1));
            _console.Cluster.Confirm(_console.NowMs);
            _console.Frame(_second + 1, 3, waiting: 3);
        }

        return Assert.Single(Monitor.Round().Findings).Id;
    }

    private string Invalid()
    {
        _console.AddDeadPod();
        _console.Store.Connected(new Hello("node-a", "0.1.0", "boot", "6.12", _console.NowMs - 1000, [new Capability("resets.trace", true, "")], new Dictionary<string, string> { [SettingCatalog.BeLiberal] = "0" }));
        _console.Clock.Advance(TimeSpan.FromSeconds(1));
        var frame = new NodeFrame { Sequence = 2, AtMs = _console.NowMs, Counters = new Counters(4, 0, 0, 0, 10, 1_000) };
        frame.Resets.Add(new Reset(frame.AtMs - 100, ResetKind.UnNated, Ip.Parse("10.1.9.9"), 40_000, Ip.Parse("10.1.0.5"), 8080, Ip.Parse("10.96.0.1"), 80, Ip.Parse("10.1.0.5"), 8080, 0, false));
        Assert.Null(_console.Store.Apply("node-a", 1, frame).Rejection);
        _console.Cluster.Confirm(_console.NowMs);
        return Monitor.Round().Findings.Single(finding => finding.Finding.Mechanism.Id == "M1").Id;
    }

    private IRenderedComponent<FindingPage> Open(string id)
    {
        _console.Get<NavigationManager>().NavigateTo($"/findings/{id}");
        return _console.Context.Render<FindingPage>(parameters => parameters.Add(page => page.Id, id));
    }

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
