using ConntrackConsole.Configuration;
using ConntrackConsole.Identity;
using Xunit;

namespace ConntrackConsole.Tests.Identity;

public class SignInLinkTests
{
    [Fact]
    public void Use_RightToken_WorksOnce()
    {
        var link = new SignInLink(new IdentitySettings("0123456789abcdef"));
        Assert.Equal("/signin?token=0123456789abcdef", link.Path);
        Assert.Equal(LinkUse.Wrong, link.Use("0123456789abcdeF"));
        Assert.Equal(LinkUse.Wrong, link.Use(null));
        Assert.Equal(LinkUse.Accepted, link.Use("0123456789abcdef"));
        Assert.Equal(LinkUse.UsedBefore, link.Use("0123456789abcdef"));
        Assert.Equal(LinkUse.Wrong, link.Use(""));
    }

    [Fact]
    public void Path_NothingConfigured_IsRandom() =>
        Assert.NotEqual(new SignInLink(new IdentitySettings(null)).Path, new SignInLink(new IdentitySettings(null)).Path);
}
