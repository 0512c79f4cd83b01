using ConntrackConsole.Configuration;
using ConntrackConsole.Identity;
using Xunit;

namespace ConntrackConsole.Tests.Identity;

public class SignInLinksTests
{
    private const string Token = "0123456789abcdef";

    [Theory]
    [InlineData("0123456789abcdeF")]
    [InlineData("0123456789abcde")]
    [InlineData("")]
    [InlineData(null)]
    public void WithToken_WrongOne_IsNull(string? token) => Assert.Null(Links().WithToken(token));

    [Fact]
    public void WithToken_RightOne_IsThatLinkAndWorksOnce()
    {
        var link = Links().WithToken(Token)!;
        Assert.Equal(("arthur", Role.Approver, "/signin?token=0123456789abcdef"), (link.Name, link.Role, link.Path));
        Assert.True(link.TryUse());
        Assert.False(link.TryUse());
        link.Release();
        Assert.True(link.TryUse());
    }

    [Fact]
    public void Path_NothingConfigured_IsRandom() =>
        Assert.Equal(4, Links().All.Concat(Links().All).Concat(Links().All).Select(link => link.Path).Distinct().Count());

    [Fact]
    public void Roles_OfTheConfiguration_AreAllRoles() =>
        Assert.Equal(Enum.GetValues<Role>().Select(role => role.Name()), SignInLinkOptions.Roles);

    [Fact]
    public void RoleOf_UnknownName_IsNull()
    {
        Assert.Equal(Role.Operator, Links().RoleOf("olivia"));
        Assert.Equal(Role.Operator, Links().RoleOf("Olivia"));
        Assert.Null(Links().RoleOf("oliver"));
    }

    private static SignInLinks Links() => new(new IdentityOptions
    {
        Links = [new SignInLinkOptions { Name = "olivia", Role = "operator" }, new SignInLinkOptions { Name = "arthur", Role = "approver", Token = Token }],
    });
}
