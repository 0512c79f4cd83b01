using ConntrackConsole.Cli;
using ConntrackConsole.Configuration;
using ConntrackConsole.Identity;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Identity;

/// <summary>Links that the command line hands over to a running console, through the data directory.</summary>
public sealed class IssuedLinksTests : IDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("cc-links-");
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);

    [Fact]
    public void Issued_IsTheLinkOfThatPerson_AndWorksOnce()
    {
        var console = Console();

        var issued = console.Issue("Arthur", "root");

        Assert.Equal(("arthur", "approver"), (issued.Name, issued.Role));
        Assert.StartsWith("http://127.0.0.1:5080/signin?token=", issued.Address, StringComparison.Ordinal);
        var link = Find(console, issued)!;
        Assert.Equal(("arthur", Role.Approver), (link.Name, link.Role));
        Assert.Contains("(root)", link.Origin, StringComparison.Ordinal);
        Assert.True(link.TryUse());
        // Another request found the same link at the same time, and a later one finds that it was used.
        Assert.False(link.TryUse());
        Assert.False(Find(console, issued)!.TryUse());
        link.Release();
        Assert.True(Find(console, issued)!.TryUse());
    }

    [Fact]
    public void Issued_UsedTwiceAtOnce_SignsInOnce()
    {
        var console = Console();
        var issued = console.Issue("olivia", "root");
        var links = Enumerable.Range(0, 16).Select(_ => Find(console, issued)!).ToList();
        int used = 0;
        Parallel.ForEach(links, link =>
        {
            if (link.TryUse())
                Interlocked.Increment(ref used);
        });
        Assert.Equal(1, used);
    }

    [Fact]
    public void Issued_Expires()
    {
        var console = Console();
        var issued = console.Issue("olivia", "root");
        _clock.Advance(IssuedLinks.Ttl);
        Assert.Null(Find(console, issued));
    }

    [Fact]
    public void Issued_ThePersonHasNoLinkAnyMore_IsNoLink()
    {
        var console = Console();
        var issued = console.Issue("olivia", "root");
        Assert.Null(console.WithToken(Token(issued), new SignInLinks(new IdentityOptions { Links = [new SignInLinkOptions { Name = "arthur", Role = "approver" }] })));
    }

    [Fact]
    public void File_HoldsNoToken_AndIsOfItsOwnerOnly()
    {
        var console = Console();
        string token = Token(console.Issue("olivia", "root"));
        var folder = _data.GetDirectories().Single();
        Assert.All(folder.GetFiles(), file =>
        {
            Assert.DoesNotContain(token, file.Name + File.ReadAllText(file.FullName), StringComparison.Ordinal);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, file.UnixFileMode);
        });
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, folder.UnixFileMode);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("not json")]
    [InlineData("{\"name\":\"olivia\",\"untilMs\":9999999999999}")] // for longer than a link is valid
    [InlineData("")]
    public void File_Forged_IsNoLink(string content)
    {
        var console = Console();
        var issued = console.Issue("olivia", "root");
        string file = _data.GetDirectories().Single().GetFiles().Single(one => one.Name != "console.json").FullName;
        File.WriteAllText(file, content);
        Assert.Null(Find(console, issued));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("../console")]
    [InlineData("console")]
    public void Token_Unknown_IsNoLink(string? token) => Assert.Null(Console().WithToken(token, Links()));

    [Fact]
    public async Task Command_PrintsTheLinkOnly()
    {
        var console = Console();
        var (exit, output, error) = await RunAsync("olivia");
        Assert.Equal(0, exit);
        Assert.Contains("olivia (operator)", error, StringComparison.Ordinal);
        string token = output.Trim()["http://127.0.0.1:5080/signin?token=".Length..];
        Assert.True(console.WithToken(token, Links())!.TryUse());
    }

    [Theory]
    [InlineData("auth.person_unknown", "oliver")]
    [InlineData("arthur (approver)", "oliver")]
    [InlineData("auth.person_unknown")]
    public async Task Command_UnknownPerson_NamesThoseThatExist(string named, params string[] arguments)
    {
        Console();
        var (exit, output, error) = await RunAsync(arguments);
        Assert.Equal((2, ""), (exit, output));
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_NoConsole_IsRefused()
    {
        var (exit, _, error) = await RunAsync("olivia");
        Assert.Equal(2, exit);
        Assert.Contains("auth.console_missing", error, StringComparison.Ordinal);
    }

    public void Dispose() => _data.Delete(true);

    private IssuedLinks Console()
    {
        var links = new IssuedLinks(_data.FullName, _clock);
        links.Publish(new LinkOffer("http://127.0.0.1:5080", [.. Links().All.Select(link => new LinkPerson(link.Name, link.Role.Name()))]));
        return links;
    }

    private static SignInLinks Links() => new(new IdentityOptions
    {
        Links = [new SignInLinkOptions { Name = "olivia", Role = "operator" }, new SignInLinkOptions { Name = "arthur", Role = "approver" }],
    });

    private static string Token(IssuedAddress issued) => issued.Address.Split("token=")[1];

    private static SignInLink? Find(IssuedLinks console, IssuedAddress issued) => console.WithToken(Token(issued), Links());

    private async Task<(int Exit, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int exit = await ConsoleCommands.RunAsync(["sign-in-link", .. arguments, $"--Storage:DataDirectory={_data.FullName}"], output, error);
        return (exit, output.ToString(), error.ToString());
    }
}
