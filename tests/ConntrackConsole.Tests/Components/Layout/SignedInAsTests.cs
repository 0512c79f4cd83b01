using Bunit;
using ConntrackConsole.Components.Layout;
using Xunit;

namespace ConntrackConsole.Tests.Components.Layout;

public sealed class SignedInAsTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    [Fact]
    public void TopBar_ShowsNameRoleAndSignOut()
    {
        _console.SignedIn.SetAuthorized("<b>olivia</b>").SetRoles("approver");

        var bar = _console.Context.Render<SignedInAs>();

        Assert.Equal("<b>olivia</b>", bar.Find("summary .name").TextContent);
        Assert.Equal("approver", bar.Find("summary .tag").TextContent);
        var form = bar.Find("form");
        Assert.Equal(("post", "/signout"), (form.GetAttribute("method"), form.GetAttribute("action")));
        Assert.Equal(ConsolePages.FormToken, form.QuerySelector("input[type=hidden]")!.GetAttribute("value"));
        Assert.Equal("Sign out", form.QuerySelector("button[type=submit]")!.TextContent);
    }

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
