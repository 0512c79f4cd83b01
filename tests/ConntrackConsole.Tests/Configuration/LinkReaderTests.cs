using ConntrackConsole.Configuration;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace ConntrackConsole.Tests.Configuration;

public class LinkReaderTests
{
    private const string Token = "0123456789abcdef";

    [Fact]
    public void Read_NoLinks_IsOneOperatorsWithTheTokenOfOld()
    {
        Assert.Equal([new LinkSettings("operator (link)", "operator", null)], Read());
        Assert.Equal([new LinkSettings("operator (link)", "operator", Token)], Read(("Identity:SignInToken", Token)));
    }

    [Fact]
    public void Read_Links_AreTakenInTheirOrder() =>
        Assert.Equal(
            [new LinkSettings("olivia (on call)", "operator", null), new LinkSettings("Ørjan", "break-glass", Token)],
            Read(("Identity:Links:0:Name", " olivia (on call) "), ("Identity:Links:0:Role", "operator"),
                ("identity:links:1:name", "Ørjan"), ("identity:links:1:role", "Break-Glass"), ("identity:links:1:token", Token)));

    [Fact]
    public void Read_SeveralFaults_AreAllListedWithTheirKeys()
    {
        string message = Fault(
            ("Identity:SignInToken", Token), ("Identity:Links:0:Role", "king"), ("Identity:Links:1:Name", "bob"), ("Identity:Links:1:Token", "short"),
            ("Identity:Links:2:Name", "BOB"), ("Identity:Links:2:Role", "viewer"), ("Identity:Links:2:Rolle", "x"), ("Identity:Links:x:Name", "eve"), ("Identity:Lynks", "y"));
        Assert.All(
        [
            "Identity:SignInToken is the token of the one link", "Identity:Links:0:Name is missing", "Identity:Links:0:Role is 'king'",
            "Identity:Links:1:Role is missing", "Identity:Links:1:Token must be 16", "Identity:Links:2:Name is 'BOB', as another link's",
            "Identity:Links:2:Rolle is no key", "Identity:Links:x:Name is no key", "Identity:Lynks is no key",
        ], part => Assert.Contains($"\n  - {part}", message));
    }

    [Theory]
    [InlineData("zero\u200bwidth")]
    [InlineData("right\u202eleft")]
    [InlineData("no\u00a0break")]
    [InlineData("tab\there")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123x")]
    public void Read_NameThatNobodyCanRead_IsAFault(string name) =>
        Assert.Contains("Identity:Links:0:Name must be 1 to 64 visible characters", Fault(("Identity:Links:0:Name", name), ("Identity:Links:0:Role", "viewer")));

    [Fact]
    public void Read_NameOfTheProgramItself_IsAFault() =>
        Assert.Contains("choose another name", Fault(("Identity:Links:0:Name", "Conntrack-Console"), ("Identity:Links:0:Role", "viewer")));

    [Fact]
    public void Read_TwoLinksWithOneToken_IsAFault() =>
        Assert.Contains("Identity:Links:1:Token is another link's too", Fault(
            ("Identity:Links:0:Name", "a"), ("Identity:Links:0:Role", "viewer"), ("Identity:Links:0:Token", Token),
            ("Identity:Links:1:Name", "b"), ("Identity:Links:1:Role", "admin"), ("Identity:Links:1:Token", Token)));

    [Fact]
    public void Parse_KeyOfALink_IsTakenAtEveryPlace()
    {
        var values = CommandLine.Parse(["--Identity:Links:12:Name=olivia", "--identity:links:12:role", "viewer"]).Values;
        Assert.Equal(("olivia", "viewer"), (values["Identity:Links:12:Name"], values["Identity:Links:12:Role"]));
        Assert.Throws<StartFault>(() => CommandLine.Parse(["--Identity:Links:x:Name=olivia"]));
    }

    private static IReadOnlyList<LinkSettings> Read(params (string Key, string Value)[] values) =>
        SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(values.ToDictionary(v => v.Key, v => (string?)v.Value)).Build()).Identity.Links;

    private static string Fault(params (string Key, string Value)[] values) => Assert.Throws<StartFault>(() => Read(values)).Message;
}
