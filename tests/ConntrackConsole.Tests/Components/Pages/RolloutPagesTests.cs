using Bunit;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Components.Pages.Rollouts;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Rollouts;
using Microsoft.AspNetCore.Components;
using Xunit;

namespace ConntrackConsole.Tests.Components.Pages;

/// <summary>The list of rollouts, and the report of one.</summary>
public sealed class RolloutPagesTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    private static CancellationToken Ct => Xunit.TestContext.Current.CancellationToken;

    [Fact]
    public async Task List_Rollouts_HaveVerdictsMechanismsAndTheirComparison()
    {
        await StoreAsync("web", 1, 2);
        await StoreAsync("web", 2, 12);
        await StoreAsync("db", 1, 0);
        await StoreAsync("api", 1, 0, new UnknownPart(RolloutCodes.DataGap, "overrun", true));
        await StoreAsync("new", 1, null);

        var page = List();

        page.WaitForAssertion(() => Assert.Equal(5, page.FindAll("[data-testid=rollout]").Count));
        Assert.Equal("alarm", page.Find("h1").ClassName);
        Assert.Equal("2 rollouts of 5 broke connections.", page.Find("h1").TextContent);
        string bad = Row(page, "uid-web/2");
        Assert.Contains("M3: 12 resets", bad, StringComparison.Ordinal);
        Assert.Contains("worse: 12, median 2 per pod", bad, StringComparison.Ordinal);
        Assert.Contains("connections broke", bad, StringComparison.Ordinal);
        Assert.Contains("nothing broke", Row(page, "uid-db/1"), StringComparison.Ordinal);
        // Nothing is calm that is not known.
        Assert.Contains("not proved", Row(page, "uid-api/1"), StringComparison.Ordinal);
        Assert.Contains("1 thing is not known", Row(page, "uid-api/1"), StringComparison.Ordinal);
        Assert.Contains("not measured", Row(page, "uid-new/1"), StringComparison.Ordinal);
        Assert.EndsWith("/rollouts/uid-web/2", page.Find("[data-id='uid-web/2'] a").GetAttribute("href"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_OnlyUnknownOnes_IsNotCalm()
    {
        await StoreAsync("api", 1, 0, new UnknownPart(RolloutCodes.DataGap, "overrun", true));
        var page = List();
        page.WaitForAssertion(() => Assert.Contains("not all of them have complete evidence", page.Find("h1").TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public void List_NothingRecorded_ExplainsWhy()
    {
        var page = List();
        page.WaitForAssertion(() => Assert.Contains("Storage:RowDays", page.Find("[data-testid=rollouts-empty]").TextContent, StringComparison.Ordinal));
        Assert.NotEmpty(page.FindAll("[data-testid=rollouts-unwatched]"));
    }

    [Fact]
    public void List_BeforeTheFirstAnswer_HasASkeleton()
    {
        // Or that answer, which may have come already: in no case an empty page.
        string markup = _console.Context.Render<RolloutsPage>().Markup;
        Assert.True(markup.Contains("Reading the rollouts", StringComparison.Ordinal) || markup.Contains("rollouts-empty", StringComparison.Ordinal));
    }

    [Fact]
    public async Task List_Filters_AreReadFromAndWrittenToTheUrl()
    {
        await StoreAsync("web", 2, 12);
        await StoreAsync("db", 1, 0);
        var page = List("?verdict=over&range=7d&ns=shop&workload=web&tz=local");
        page.WaitForAssertion(() => Assert.Equal("uid-web/2", Assert.Single(page.FindAll("[data-testid=rollout]")).GetAttribute("data-id")));

        await page.ChooseAsync("rollouts-verdict", "within");
        page.WaitForElement("[data-testid=rollouts-empty]");
        Assert.Contains("verdict=within", _console.Uri, StringComparison.Ordinal);
        await page.ClickAsync("rollouts-clear");

        page.WaitForAssertion(() => Assert.Equal(2, page.FindAll("[data-testid=rollout]").Count));
        Assert.DoesNotContain("verdict", _console.Uri, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?verdict=<script>&range=1000d&ns=%00&from=never&to=2026")]
    [InlineData("?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z")]
    [InlineData("?ns=')%20or%201=1--&workload=%2e%2e/")]
    [InlineData("?range=7d&range=1h&verdict=&ns=")]
    public void Url_HostileValues_AreIgnoredOrTakenLiterally(string query)
    {
        var url = RolloutsUrl.Parse("http://localhost/rollouts" + query);
        var (fromMs, toMs) = url.Window(_console.NowMs);
        Assert.True(fromMs < toMs);
        Assert.Contains(url.Verdict, RolloutsUrl.Verdicts.Append(null));
        var page = List(query);
        page.WaitForElement("[data-testid=rollouts-empty]");
        Assert.DoesNotContain("<script>", page.Markup, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?range=7d&ns=shop&workload=web&verdict=over")]
    [InlineData("?from=2026-01-01T00:00:00.000Z&to=2026-01-02T00:00:00.500Z&verdict=unmeasured")]
    [InlineData("")]
    public void Url_RoundTrip_IsTheSame(string query)
    {
        var url = RolloutsUrl.Parse("http://localhost/rollouts" + query);
        var again = url.ToQuery(false).Where(part => part.Value is not null).Select(part => $"{part.Key}={Uri.EscapeDataString((string)part.Value!)}");
        Assert.Equal(url, RolloutsUrl.Parse("http://localhost/rollouts?" + string.Join('&', again)));
    }

    [Fact]
    public async Task Report_HasTheDrainTheBaselineTheChangeAndTheCommands()
    {
        await StoreAsync("web", 1, 2);
        await StoreAsync("web", 2, 12);

        var page = Report("uid-web/2");

        page.WaitForAssertion(() => Assert.Equal("12 connections broke at 1 terminated pod.", page.Find("h1").TextContent));
        Assert.Equal("over", page.Find("[data-testid=rollout-headline]").GetAttribute("data-verdict"));
        Assert.Contains("12 per pod; median of 1 earlier rollout: 2 per pod", page.Find("[data-testid=rollout-baseline]").TextContent, StringComparison.Ordinal);
        Assert.Contains("preStop sleep of at least 3 s: basis", page.Find("[data-testid=rollout-changes]").TextContent, StringComparison.Ordinal);
        string pod = page.Find("[data-testid=rollout-pod]").TextContent;
        Assert.Contains("5 s of 30 s grace", pod, StringComparison.Ordinal);
        Assert.Contains("exit 0 (clean)", pod, StringComparison.Ordinal);
        Assert.Contains("not known of every node", pod, StringComparison.Ordinal);
        string timeline = page.Find("[data-testid=rollout-pod] a").GetAttribute("href")!;
        Assert.Contains("uid=web-2", timeline, StringComparison.Ordinal);
        Assert.Contains("rollout=uid-web%2F2", timeline, StringComparison.Ordinal);
        Assert.Contains("/findings/finding-1?from=", page.Find("[data-testid=rollout-pod]").InnerHtml, StringComparison.Ordinal);
        Assert.StartsWith("conntrack-console rollout check --namespace shop --workload web --since 20", page.Find(".command code").TextContent, StringComparison.Ordinal);
        Assert.StartsWith("/pods?from=", page.Find("[data-testid=rollout-pods-link]").GetAttribute("href"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Report_IncompleteEvidence_IsNotCalm()
    {
        await StoreAsync("api", 1, 0, new UnknownPart(RolloutCodes.DataGap, "resets lost on node2", true));
        var page = Report("uid-api/1");
        page.WaitForAssertion(() => Assert.StartsWith("Not proved", page.Find("h1").TextContent, StringComparison.Ordinal));
        Assert.Equal("unsure", page.Find("h1").ClassName);
        Assert.Contains("resets lost on node2", page.Find("[data-testid=rollout-unknown]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Report_NamesOfTheCluster_AreText()
    {
        await StoreAsync("web", 1, 1, new UnknownPart(RolloutCodes.DataGap, "<img src=x onerror=alert(1)>", true));
        var page = Report("uid-web/1");
        page.WaitForElement("[data-testid=rollout-unknown]");
        Assert.Empty(page.FindAll("img"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("uid-web/9")]
    [InlineData("../../etc/passwd")]
    [InlineData("<script>/1")]
    public void Report_UnknownId_IsMissing(string id)
    {
        var page = Report(id);
        page.WaitForAssertion(() => Assert.Contains("knows no rollout", page.Find("[data-testid=rollout-missing]").TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public void Report_VeryLongId_IsMissing() => Report(new string('a', 5_000)).WaitForElement("[data-testid=rollout-missing]");

    [Theory]
    [InlineData("uid-web/2", "/rollouts/uid-web/2")]
    [InlineData("u/web-7d f?#", "/rollouts/u/web-7d%20f%3F%23")]
    public void Page_OfAnId_IsEscaped(string id, string path) => Assert.Equal(path, RolloutsUrl.Page(id));

    public ValueTask DisposeAsync() => _console.DisposeAsync();

    private static string Row(IRenderedComponent<IComponent> page, string id) => string.Join(' ', page.Find($"[data-id='{id}']").TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private IRenderedComponent<IComponent> List(string query = "")
    {
        _console.Get<NavigationManager>().NavigateTo("/rollouts" + query);
        return _console.Context.Render<RolloutsPage>();
    }

    private IRenderedComponent<IComponent> Report(string id) => _console.Context.Render<RolloutReportPage>(page => page.Add(p => p.Id, id));

    private async Task StoreAsync(string name, int revision, int? broken, params UnknownPart[] unknown)
    {
        long startedMs = _console.NowMs - 7_200_000 + (revision * 600_000L);
        var rollout = new Rollout($"uid-{name}/{revision}", WorkloadKind.Deployment, $"uid-{name}", "shop", name, $"{revision}", "0", startedMs, null, startedMs + 30_000, null);
        await using (var db = await _console.Databases.CreateDbContextAsync(Ct))
        {
            db.Rollouts.Add(TerminationMapper.Row(rollout));
            db.Terminations.Add(TerminationMapper.Row(new Termination($"{name}-{revision}", "shop", $"{name}-x", Ip.Parse("10.1.0.5"), "node1", null, startedMs, null, null, null, 0, startedMs + 6_000) { RolloutId = rollout.Id }));
            await db.SaveChangesAsync(Ct);
        }

        if (broken is not { } count)
            return;
        var pod = new PodMeasurement(
            $"{name}-{revision}", "shop", $"{name}-x", "10.1.0.5", "node1", null, startedMs, 30, null, startedMs + 5_000, 0, null, null, false, null, null, startedMs + 6_000,
            count == 0 ? [] : [new CountedFinding("finding-1", "M3", "mechanism.no_drain", "The pod did not drain", "resets", count, $"{count} resets of the backend", startedMs, null, "high", false)]);
        await _console.Get<RolloutReportStore>().SaveAsync(
            rollout, new RolloutMeasurement(startedMs, startedMs + 90_000, [pod], [], count == 0 ? [] : [new SuggestedChange("setPreStop", 3, true, "basis")], unknown), Ct);
    }
}
