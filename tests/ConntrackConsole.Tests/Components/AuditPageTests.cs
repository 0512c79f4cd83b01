using Bunit;
using ConntrackConsole.Audit;
using ConntrackConsole.Components.Audit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ConntrackConsole.Tests.Components;

public sealed class AuditPageTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    [Fact]
    public void Page_EmptyLog_SaysWhatWillStandThere()
    {
        Assert.Contains("Nothing has been done yet.", Open().WaitForElement("[data-testid=audit-empty]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_Rows_TellWhoWhatWhereWhyAndResult()
    {
        await WriteAsync("flush.completed", "act-1", "10.1.0.5");

        string row = Open().WaitForElement("[data-testid=audit-row]").TextContent;

        Assert.All(["operator (link)", "flush.completed", "10.1.0.5", "node-a, node-b", "it is gone", "3 deleted"], part => Assert.Contains(part, row, StringComparison.Ordinal));
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

        await page.Find("[data-testid=audit-what]").ChangeAsync(new ChangeEventArgs { Value = "signin" });

        page.WaitForAssertion(() => Assert.Equal("signin", Assert.Single(page.FindAll("[data-testid=audit-row]")).GetAttribute("data-what")));
        Assert.EndsWith("?what=signin", _console.Uri, StringComparison.Ordinal);
    }

    private IRenderedComponent<AuditPage> Open(string query = "")
    {
        _console.Context.Services.GetRequiredService<NavigationManager>().NavigateTo("/audit" + query);
        return _console.Context.Render<AuditPage>();
    }

    private Task<AuditEntry> WriteAsync(string what, string action, string? target) => _console.Log.AppendAsync(
        new AuditNote("operator (link)", "127.0.0.1", what, "node-a, node-b", target, "it is gone", null, null, "3 deleted", 12, action), Xunit.TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
