using System.Text.RegularExpressions;
using Bunit;
using ConntrackConsole.Audit;
using ConntrackConsole.Components.Pages;
using ConntrackConsole.Tests.Architecture;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ConntrackConsole.Tests.Components.Pages;

public sealed class AuditPageTests : IAsyncDisposable
{
    // The mark is in the first cell: the grid's rows have no attributes of their own.
    private const string Row = "tr:has([data-testid=audit-row])";

    private readonly ConsolePages _console = new();

    [Fact]
    public void Page_EmptyLog_ExplainsItself()
    {
        Assert.Contains("The audit log is empty.", Open().WaitForElement("[data-testid=audit-empty]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_Rows_ShowWhoWhatWhereWhyAndResult()
    {
        await WriteAsync("flush.completed", "act-1", "10.1.0.5");

        string row = Open().WaitForElement(Row).TextContent;

        Assert.All(["operator (link)", "flush.completed", "10.1.0.5", "node-a, node-b", "it is gone", "3 deleted"], part => Assert.Contains(part, row, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Page_LongValue_IsCutInTheRow_AndWholeInTheDetails()
    {
        string configuration = string.Join(',', Enumerable.Range(0, 200).Select(n => $"\"key{n}\":{n}"));
        await WriteAsync("console.started", "c-1", null, after: configuration);
        var page = Open();

        Assert.InRange(page.WaitForElement(Row).TextContent.Length, 50, 900);
        await page.ClickAsync("audit-more");

        page.WaitForAssertion(() => Assert.Contains(configuration, page.Find("[data-testid=audit-details]").TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Page_Action_IsOneRow_ThatExpandsToItsEarlierOnes()
    {
        await WriteAsync("flush.requested", "act-1", "10.1.0.5");
        await WriteAsync("signin", null, null);
        await WriteAsync("flush.requested", "act-2", "10.1.0.6");
        await WriteAsync("flush.previewed", "act-1", "10.1.0.5");
        await WriteAsync("flush.completed", "act-1", "10.1.0.5");
        var page = Open();

        page.WaitForAssertion(() => Assert.Equal(["flush.completed", "flush.requested", "signin"], What()));
        var group = Assert.Single(page.FindAll("[data-testid=audit-group]"));
        Assert.Equal(("2 earlier rows", "false"), (group.TextContent.Trim(), group.GetAttribute("aria-expanded")));

        await page.ClickAsync("audit-group");
        page.WaitForAssertion(() => Assert.Equal(["flush.completed", "flush.previewed", "flush.requested", "flush.requested", "signin"], What()));
        Assert.Equal("true", page.Find("[data-testid=audit-group]").GetAttribute("aria-expanded"));

        await page.ClickAsync("audit-group");
        page.WaitForAssertion(() => Assert.Equal(3, What().Length));
        // A filter by action or by what happened asks for the rows themselves.
        Assert.Equal(3, Open("?action=act-1").WaitForElements("[data-testid=audit-row]").Count);

        string?[] What() => [.. page.FindAll("[data-testid=audit-row]").Select(row => row.GetAttribute("data-what"))];
    }

    [Fact]
    public async Task Page_FilterInTheAddress_ShowsOnlyThatAction()
    {
        await WriteAsync("flush.requested", "act-1", "10.1.0.5");
        await WriteAsync("flush.requested", "act-2", "10.1.0.6");

        var row = Assert.Single(Open("?action=act-2").WaitForElements("[data-testid=audit-row]"));

        Assert.Equal("act-2", row.GetAttribute("data-action"));
    }

    [Fact]
    public async Task Page_FilterChosen_GoesIntoTheAddress()
    {
        await WriteAsync("flush.requested", "act-1", "10.1.0.5");
        await WriteAsync("signin", "s-1", null);
        var page = Open();
        page.WaitForElements("[data-testid=audit-row]", 2);

        await page.ChooseAsync("audit-what", "signin");

        page.WaitForAssertion(() => Assert.Equal("signin", Assert.Single(page.FindAll("[data-testid=audit-row]")).GetAttribute("data-what")));
        Assert.EndsWith("?what=signin", _console.Uri, StringComparison.Ordinal);
    }

    /// <summary>A kind that no row ever has finds nothing, and says nothing of why.</summary>
    [Fact]
    public async Task Filter_OffersTheKindsThatAreWritten()
    {
        var lists = _console.Context.Render<MudBlazor.MudPopoverProvider>();
        var page = Open();

        string[] kinds = [.. await page.OptionsAsync<string>(lists, "audit-what")];

        Assert.Superset(new HashSet<string> { "everything", "flush", "flush.waiting", "flush.measured", "setting", "setting.reverted", "incident", "signin" }, kinds.ToHashSet());
        string sources = string.Concat(Directory.EnumerateFiles(RepositoryFiles.Path("src", "ConntrackConsole"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText));
        Assert.All(kinds.Skip(1), kind => Assert.True(
            kind.Split('.') is [var group] ? Regex.IsMatch(sources, $"\"{group}(\"|[.])") : Regex.IsMatch(sources, $"\"({Regex.Escape(kind)}|{kind[(kind.IndexOf('.', StringComparison.Ordinal) + 1)..]})\""), kind));
        Assert.Equal(kinds.Length, kinds.Distinct().Count());
    }

    [Fact]
    public async Task Page_EveryFilterInTheAddress_Holds_AndTheExportsKeepIt()
    {
        await WriteAsync("flush.requested", "act-1", "10.1.0.5");
        await WriteAsync("flush.requested", "act-2", "10.1.0.6");
        string now = _console.Clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

        var page = Open($"?who=operator%20(link)&what=flush&target=10.1.0.6&from={now}&to={now}");

        Assert.Equal("act-2", Assert.Single(page.WaitForElements("[data-testid=audit-row]")).GetAttribute("data-action"));
        foreach (string format in (string[])["csv", "jsonl"])
        {
            string link = page.Find($"[data-testid=audit-{format}]").GetAttribute("href")!;
            Assert.Equal($"/api/v1/audit?who=operator%20%28link%29&what=flush&target=10.1.0.6&from={Uri.EscapeDataString(now)}&to={Uri.EscapeDataString(now)}&format={format}", link);
        }

        Assert.NotNull(Open("?who=another").WaitForElement("[data-testid=audit-empty]"));
        Assert.NotNull(Open("?to=2001-01-01T00:00:00Z").WaitForElement("[data-testid=audit-empty]"));
    }

    [Fact]
    public async Task Page_TimeTyped_GoesIntoTheUrl_AndAnInvalidOneIsReported()
    {
        await WriteAsync("flush.requested", "act-1", null);
        var page = Open();

        await page.WaitForElement("[data-testid=audit-from]").ChangeAsync(new ChangeEventArgs { Value = "soon" });
        Assert.Contains("Not a valid time.", page.WaitForElement("[data-testid=audit-fault]").TextContent, StringComparison.Ordinal);
        await page.Find("[data-testid=audit-from]").ChangeAsync(new ChangeEventArgs { Value = "2026-01-02 03:04" });

        Assert.EndsWith("?from=2026-01-02T03%3A04%3A00Z", _console.Uri, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("[data-testid=audit-fault]"));
    }

    [Fact]
    public async Task Page_BreakGlassRow_StandsOut()
    {
        await WriteAsync("flush.break-glass", "act-1", "10.1.0.5");
        await WriteAsync("flush.completed", "act-1", "10.1.0.5");

        var rows = Open().WaitForElements(Row, 2);

        Assert.Equal([false, true], rows.Select(r => r.ClassList.Contains("break-glass")));
        Assert.Contains("without approval", rows[1].TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_DetailsOpened_ShowTheDeletedEntriesAndWhereTheyCameFrom()
    {
        await _console.Log.AppendAsync(
            new AuditNote("anna", "10.0.0.9", "flush.completed", "node-a", "10.1.0.5", "gone", null, null, "2 deleted", 1, "act-1")
            {
                Session = "s-1", Roles = "operator", IncidentId = "i-1", Details = """[{"node":"node-a","src":"10.1.1.1"},{"node":"node-b","sport":40000}]""",
            },
            Xunit.TestContext.Current.CancellationToken);
        var page = Open();
        Assert.Contains("operator", page.WaitForElement("[data-testid=audit-roles]").TextContent, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("[data-testid=audit-entries]"));

        await page.ClickAsync("audit-more");

        string details = page.WaitForElement("[data-testid=audit-details]").TextContent;
        Assert.All(["10.0.0.9", "s-1", "i-1", "none (unkeyed)", "10.1.1.1", "node-b", "40000"], part => Assert.Contains(part, details, StringComparison.Ordinal));
        Assert.Equal(["node", "src", "sport"], page.FindAll("[data-testid=audit-entries] th").Select(h => h.TextContent));

        await page.ClickAsync("audit-more");
        Assert.Empty(page.FindAll("[data-testid=audit-details]"));
    }

    [Fact]
    public async Task Page_MoreThanAPage_HasOlderOnes()
    {
        for (int i = 0; i < 201; i++)
            await WriteAsync("flush.requested", $"act-{i}", null);
        var page = Open();
        Assert.Equal(200, page.WaitForElements("[data-testid=audit-row]").Count);

        string older = page.Find("[data-testid=audit-older]").GetAttribute("href")!;
        var last = Open(new Uri(older).Query);

        Assert.Equal("act-0", Assert.Single(last.WaitForElements("[data-testid=audit-row]")).GetAttribute("data-action"));
        Assert.NotNull(last.Find("[data-testid=audit-newest]"));
    }

    [Fact]
    public async Task Verify_Pressed_ShowsIntactOrTheFirstBrokenRow()
    {
        await WriteAsync("flush.requested", "act-1", null);
        await WriteAsync("flush.completed", "act-1", null);
        var page = Open();

        await page.ClickAsync("audit-verify");
        page.WaitForAssertion(() => Assert.Equal("true", page.Find("[data-testid=audit-verdict]").GetAttribute("data-whole")));
        Assert.Contains("2 rows verified", page.Find("[data-testid=audit-verdict]").TextContent, StringComparison.Ordinal);

        await _console.ExecuteAsync("DROP TRIGGER Audit_no_update; UPDATE Audit SET Why = 'another' WHERE Id = 1");
        await page.ClickAsync("audit-verify");
        page.WaitForAssertion(() => Assert.Equal("false", page.Find("[data-testid=audit-verdict]").GetAttribute("data-whole")));
        Assert.Contains("Broken at row 1 (changed).", page.Find("[data-testid=audit-verdict]").TextContent, StringComparison.Ordinal);
    }

    private IRenderedComponent<AuditPage> Open(string query = "")
    {
        _console.Context.Services.GetRequiredService<NavigationManager>().NavigateTo("/audit" + query);
        return _console.Context.Render<AuditPage>();
    }

    private Task<AuditEntry> WriteAsync(string what, string? action, string? target, string? after = null) => _console.Log.AppendAsync(
        new AuditNote("operator (link)", "127.0.0.1", what, "node-a, node-b", target, "it is gone", null, after, "3 deleted", 12, action ?? ""), Xunit.TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
