using Bunit;
using ConntrackConsole.Components.Layout;
using MudBlazor;
using Xunit;

namespace ConntrackConsole.Tests.Components.Layout;

public sealed class SignedInAsTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    [Fact]
    public void TopBar_ShowsNameRoleAndSignOut()
    {
        _console.SignedIn.SetAuthorized("<b>olivia</b>").SetRoles("approver");

        var shell = _console.Context.JSInterop.SetupModule("./js/shell/app.js");
        var menu = _console.Context.Render<MudPopoverProvider>();
        var bar = _console.Context.Render<SignedInAs>();

        Assert.Equal("<b>olivia</b>, approver", bar.Find("[data-testid=who] .mud-button-label").TextContent);
        var form = bar.Find("form");
        Assert.Equal(("post", "/signout"), (form.GetAttribute("method"), form.GetAttribute("action")));
        Assert.Equal(ConsolePages.FormToken, form.QuerySelector("input[type=hidden]")!.GetAttribute("value"));
        bar.Find("[data-testid=who] button").Click();
        Assert.Equal("Sign out", menu.WaitForElement("[data-testid=sign-out]").TextContent);
        Assert.Equal("Signed in as <b>olivia</b> (approver).", menu.Find(".account-name").TextContent);
        menu.Find("[data-testid=sign-out]").Click();
        Assert.Equal(form.Id, Assert.Single(shell.Invocations["submitForm"]).Arguments[0]);
    }

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
