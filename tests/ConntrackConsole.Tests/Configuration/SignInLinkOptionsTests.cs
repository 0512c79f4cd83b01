using ConntrackConsole.Configuration;
using Xunit;
using static ConntrackConsole.Tests.Configuration.TestConfiguration;

namespace ConntrackConsole.Tests.Configuration;

public class SignInLinkOptionsTests
{
    private const string Token = "0123456789abcdef";

    [Fact]
    public void Read_NoLinks_IsOneOperatorWithTheSignInToken()
    {
        Assert.Equal([("operator (link)", "operator", null)], Links());
        Assert.Equal([("operator (link)", "operator", Token)], Links(("Identity:SignInToken", Token)));
    }

    [Fact]
    public void Read_Links_AreTakenInTheirOrder() =>
        Assert.Equal(
            [("olivia (on call)", "operator", null), ("Ørjan", "break-glass", Token)],
            Links(("Identity:Links:0:Name", " olivia (on call) "), ("Identity:Links:0:Role", "operator"),
                ("identity:links:1:name", "Ørjan"), ("identity:links:1:role", "Break-Glass"), ("identity:links:1:token", Token)));

    [Fact]
    public void Read_SeveralErrors_AreAllListedWithTheirKeys() =>
        AssertErrors(
        [
            ("config.unknown_key", "Identity:Links:2:Rolle"), ("config.unknown_key", "Identity:Links:x:Name"), ("config.unknown_key", "Identity:Lynks"),
            ("config.unknown_value", "Identity:Links:0:Role"), ("config.conflict", "Identity:SignInToken"), ("config.missing", "Identity:Links:0:Name"),
            ("config.missing", "Identity:Links:1:Role"), ("config.invalid_token", "Identity:Links:1:Token"), ("config.duplicate", "Identity:Links:2:Name"),
            ("config.missing", "Identity:Links:x:Role"),
        ],
            ("Identity:SignInToken", Token), ("Identity:Links:0:Role", "king"), ("Identity:Links:1:Name", "bob"), ("Identity:Links:1:Token", "short"),
            ("Identity:Links:2:Name", "BOB"), ("Identity:Links:2:Role", "viewer"), ("Identity:Links:2:Rolle", "x"), ("Identity:Links:x:Name", "eve"), ("Identity:Lynks", "y"));

    [Fact]
    public void Read_GapInTheNumbers_NamesTheRightEntry() =>
        Assert.Equal([("config.missing", "Identity:Links:7:Role")], Errors(
            ("Identity:Links:3:Name", "a"), ("Identity:Links:3:Role", "viewer"), ("Identity:Links:7:Name", "b"), ("Identity:Links:10:Name", "c"), ("Identity:Links:10:Role", "admin")));

    [Theory]
    [InlineData("zero\u200bwidth")]
    [InlineData("right\u202eleft")]
    [InlineData("no\u00a0break")]
    [InlineData("tab\there")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123x")]
    public void Read_InvisibleName_IsAnError(string name) =>
        Assert.Equal([("config.invalid_name", "Identity:Links:0:Name")], Errors(("Identity:Links:0:Name", name), ("Identity:Links:0:Role", "viewer")));

    [Fact]
    public void Read_NameOfTheProgramItself_IsAnError() =>
        Assert.Equal([("config.invalid_name", "Identity:Links:0:Name")], Errors(("Identity:Links:0:Name", "Conntrack-Console"), ("Identity:Links:0:Role", "viewer")));

    [Fact]
    public void Read_TwoLinksWithOneToken_IsAnError() =>
        Assert.Equal([("config.duplicate", "Identity:Links:1:Token")], Errors(
            ("Identity:Links:0:Name", "a"), ("Identity:Links:0:Role", "viewer"), ("Identity:Links:0:Token", Token),
            ("Identity:Links:1:Name", "b"), ("Identity:Links:1:Role", "admin"), ("Identity:Links:1:Token", Token)));

    private static IEnumerable<(string, string?, string?)> Links(params (string Key, string Value)[] values) =>
        Read<IdentityOptions>(values).Links.Select(link => (link.Name, link.Role, link.Token));
}
