using System.Text.RegularExpressions;
using Xunit;

namespace ConntrackConsole.Tests.Architecture;

/// <summary>Each component of the console registers its own services, in one <c>*Services.cs</c> in its folder.</summary>
public partial class RegistrationTests
{
    private static readonly string Console = RepositoryFiles.Path("src", "ConntrackConsole");

    private static readonly IReadOnlyList<(string Path, string Text)> Sources =
    [
        .. Directory.EnumerateFiles(Console, "*.cs", SearchOption.AllDirectories).Select(path => (Path.GetRelativePath(Console, path), File.ReadAllText(path))),
    ];

    [Fact]
    public void Components_HaveOneFileOfRegistrationsEach() =>
        RepositoryFiles.AssertNone(Sources.Where(s => IsRegistration(s.Path)).GroupBy(s => Path.GetDirectoryName(s.Path)).Where(g => g.Count() > 1).Select(g => $"{g.Key}: {string.Join(", ", g.Select(s => s.Path))}"));

    [Fact]
    public void Services_AreRegisteredByTheirOwnComponent()
    {
        var folders = Sources.SelectMany(s => Declarations.TopLevel(s.Text).Select(type => (type, Folder: TopFolder(s.Path)))).Distinct().ToLookup(d => d.type, d => d.Folder);
        Assert.True(Sources.Count(s => IsRegistration(s.Path)) > 15);
        RepositoryFiles.AssertNone(Sources.SelectMany(s => Find(s.Path, s.Text, folders)));
    }

    [Theory]
    [InlineData("Timeline/TimelineServices.cs", "services.AddSingleton<OwnershipArchive>();", "Timeline/TimelineServices.cs registers OwnershipArchive")]
    [InlineData("Hosting/ConsoleApplication.cs", ".AddHostedService<OwnershipArchive>()", "Hosting/ConsoleApplication.cs registers OwnershipArchive")]
    [InlineData("Ownership/OwnershipArchive.cs", "services.AddScoped<OwnershipArchive>();", "Ownership/OwnershipArchive.cs registers OwnershipArchive")]
    public void Find_ForeignRegistration_NamesTheType(string path, string text, string found) => Assert.Equal([found], Find(path, text, Owned));

    [Theory]
    [InlineData("Ownership/OwnershipServices.cs", "services.AddSingleton<OwnershipArchive>();")]
    [InlineData("Components/ComponentServices.cs", "services.AddScoped<AuthenticationStateProvider, SessionWatch>();")]
    public void Find_OwnRegistration_FindsNothing(string path, string text) => Assert.Empty(Find(path, text, Owned));

    private static ILookup<string, string> Owned => new[] { "OwnershipArchive" }.ToLookup(type => type, _ => "Ownership");

    // What is registered as a type of the framework, or of a library, belongs to no component.
    private static IEnumerable<string> Find(string path, string text, ILookup<string, string> folders) =>
        from Match match in Registration().Matches(text)
        let type = match.Groups[1].Value
        where folders.Contains(type) && !(IsRegistration(path) && folders[type].Contains(TopFolder(path)))
        select $"{path} registers {type}";

    private static bool IsRegistration(string path) => path.EndsWith("Services.cs", StringComparison.Ordinal);

    private static string TopFolder(string path) => path.Split(Path.DirectorySeparatorChar)[0];

    [GeneratedRegex(@"\.Add(?:Singleton|Scoped|Transient|HostedService)<(\w+)[,>]")]
    private static partial Regex Registration();
}
