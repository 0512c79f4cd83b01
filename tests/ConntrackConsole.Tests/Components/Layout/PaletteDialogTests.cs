using Bunit;
using ConntrackConsole.Components.Layout;
using ConntrackConsole.Components.Palette;
using ConntrackConsole.Identity;
using Microsoft.AspNetCore.Components.Web;
using MudBlazor;
using Xunit;

namespace ConntrackConsole.Tests.Components.Layout;

/// <summary>The palette by the keyboard alone, and what it offers to which role.</summary>
public sealed class PaletteDialogTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    [Fact]
    public async Task Palette_TypedName_IsChosenByArrowsAndEnter()
    {
        _console.AddDeadPod();
        var (page, dialog) = await OpenAsync();
        Type(page, "orders");
        page.WaitForAssertion(() => Assert.Equal(["Service", "EndedPod"], Kinds(page)));
        Assert.Equal("true", page.FindAll("[data-testid=palette-hit]")[0].GetAttribute("aria-selected"));
        await KeyAsync(page, "ArrowDown");
        page.WaitForAssertion(() => Assert.Equal("true", page.FindAll("[data-testid=palette-hit]")[1].GetAttribute("aria-selected")));
        Assert.Equal(page.FindAll("[data-testid=palette-hit]")[1].Id, page.Find("[data-testid=palette-text]").GetAttribute("aria-activedescendant"));
        await KeyAsync(page, "ArrowDown");
        await KeyAsync(page, "Enter");
        var hit = Assert.IsType<PaletteHit>((await dialog.Result)!.Data);
        Assert.Equal("/services/shop/orders", hit.Href);
    }

    [Fact]
    public async Task Palette_EnterBeforeTheResults_TakesTheBestOfTheWholeText()
    {
        _console.AddDeadPod();
        var (page, dialog) = await OpenAsync();
        Type(page, "node-a");
        await KeyAsync(page, "Enter");
        Assert.Equal("/nodes/node-a", Assert.IsType<PaletteHit>((await dialog.Result)!.Data).Href);
    }

    [Fact]
    public async Task Palette_NoMatch_ShowsThatAndNoList()
    {
        var (page, dialog) = await OpenAsync();
        Type(page, "<img src=x>");
        page.WaitForElement("[data-testid=palette-none]");
        Assert.Empty(page.FindAll("[role=listbox], img"));
        Assert.Equal("false", page.Find("[data-testid=palette-text]").GetAttribute("aria-expanded"));
        await KeyAsync(page, "Enter");
        Assert.False(dialog.Result.IsCompleted);
    }

    [Theory]
    [InlineData(Role.Operator, true)]
    [InlineData(Role.Viewer, false)]
    public async Task Palette_ChangeOfASetting_IsOfferedToWhoMayAct(Role role, bool offered)
    {
        _console.Principal = new Principal("ada", role, "s-1", "127.0.0.1");
        var (page, _) = await OpenAsync();
        Type(page, "tcp_be_liberal");
        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll(offered ? "[data-testid=palette-hit]" : "[data-testid=palette-none]")));
        Assert.Equal(offered ? ["Command"] : [], Kinds(page));
    }

    private async Task<(IRenderedComponent<MudDialogProvider> Page, IDialogReference Dialog)> OpenAsync()
    {
        var page = _console.Context.Render<MudDialogProvider>();
        var dialog = await page.InvokeAsync(() => _console.Get<IDialogService>().ShowAsync<PaletteDialog>("Search"));
        page.WaitForElement("[data-testid=palette-hit]");
        return (page, dialog);
    }

    private static void Type(IRenderedComponent<MudDialogProvider> page, string text) => page.Find("[data-testid=palette-text]").Input(text);

    private static Task KeyAsync(IRenderedComponent<MudDialogProvider> page, string key) =>
        page.Find("[data-testid=palette-text]").KeyDownAsync(new KeyboardEventArgs { Key = key });

    private static string?[] Kinds(IRenderedComponent<MudDialogProvider> page) => [.. page.FindAll("[data-testid=palette-hit]").Select(hit => hit.GetAttribute("data-kind"))];

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
