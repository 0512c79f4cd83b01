using System.Text.RegularExpressions;
using Bunit;
using ConntrackConsole.Components.Layout;
using ConntrackConsole.Components.Pages.Errors;
using ConntrackConsole.ErrorPages;
using ConntrackConsole.Tests.Architecture;
using Xunit;

namespace ConntrackConsole.Tests.Components.Pages;

/// <summary>The pages of errors, without a server.</summary>
public sealed partial class ErrorPageTests
{
    [Theory]
    [InlineData(400, "request.malformed")]
    [InlineData(403, "auth.forbidden")]
    [InlineData(404, "request.not_found")]
    [InlineData(405, "request.method_not_allowed")]
    [InlineData(408, "request.malformed")]
    [InlineData(413, "request.malformed")]
    [InlineData(415, "request.not_json")]
    [InlineData(429, "request.too_many")]
    [InlineData(500, "request.failed")]
    [InlineData(502, "request.failed")]
    [InlineData(503, "request.unavailable")]
    public void Status_HasATitleItsCodeAndWhatToDo(int status, string code)
    {
        var page = BrowserErrors.Of(status, "PUT");

        Assert.Equal((status, code), (page.Status, page.Code));
        Assert.NotEmpty(page.Text);
        Assert.True(page.Steps.Count + page.Links.Count > 0);
        string html = ErrorPageWriter.Html(page, DateTimeOffset.UnixEpoch);
        Assert.Contains($"<code>{code}</code> · 1970-01-01 00:00:00Z", html, StringComparison.Ordinal);
        Assert.Contains($"· {status}<", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_FromARequest_IsEscaped()
    {
        string html = ErrorPageWriter.Html(BrowserErrors.Of(405, "<b onclick=x>"), DateTimeOffset.UnixEpoch);
        Assert.DoesNotContain("<b ", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Colours_LightAndDark_AreThoseOfTheStyleSheet()
    {
        string html = ErrorPageWriter.Html(BrowserErrors.Of(404), DateTimeOffset.UnixEpoch);
        string[] css = File.ReadAllText(RepositoryFiles.Path("wwwroot", "css", "tokens.css")).Split(":root[data-theme=dark]", 2);
        string[] blocks = [.. Block().Matches(html).Select(block => block.Value)];

        Assert.Equal(3, blocks.Length);
        foreach (var (block, tokens) in new[] { (blocks[0], css[0]), (blocks[1], css[1]), (blocks[2], css[1]) })
        {
            var expected = Token().Matches(tokens).DistinctBy(token => token.Groups[1].Value).ToDictionary(token => token.Groups[1].Value, token => token.Groups[2].Value);
            Assert.All(Own().Matches(block), own => Assert.Equal(expected[own.Groups[1].Value], own.Groups[2].Value));
            Assert.Equal(7, Own().Count(block));
        }
    }

    [Fact]
    public async Task NotFound_LinksAllPagesOfTheNavigation()
    {
        await using var console = new ConsolePages();
        var page = console.Context.Render<NotFound>();
        Assert.Equal(NavPage.All.Select(entry => entry.Path), page.FindAll(".page-links a").Select(link => link.GetAttribute("href")));
        Assert.Equal(NavPage.All.Select(entry => entry.Path), BrowserErrors.Of(404).Links.Select(link => link.Path));
    }

    [Fact]
    public void Pages_HaveDistinctKeys() => Assert.Equal(NavPage.All.Length, NavPage.All.Select(entry => entry.Key).Distinct().Count());

    [GeneratedRegex(@"\{--page[^}]*\}")]
    private static partial Regex Block();

    [GeneratedRegex("--c-([a-z-]+): (#[0-9a-f]{6})")]
    private static partial Regex Token();

    [GeneratedRegex("--([a-z]+):(#[0-9a-f]{6})")]
    private static partial Regex Own();
}
