using System.Text.RegularExpressions;
using Xunit;

namespace ConntrackConsole.Tests.Architecture;

/// <summary>A file that a document names is there.</summary>
public partial class DocumentPathTests
{
    private static readonly HashSet<string> Files =
    [
        .. new[] { "src", "tests", "wwwroot", "docs", "deploy", "findings" }.SelectMany(top => Directory.EnumerateFiles(RepositoryFiles.Path(top), "*", SearchOption.AllDirectories))
            .Concat(Directory.EnumerateFiles(RepositoryFiles.Root)).Select(path => "/" + Path.GetRelativePath(RepositoryFiles.Root, path)),
    ];

    [Fact]
    public void Documents_NameFilesThatExist()
    {
        string[] documents = [RepositoryFiles.Path("README.md"), RepositoryFiles.Path("CONTRIBUTING.md"), .. Directory.EnumerateFiles(RepositoryFiles.Path("docs"), "*.md")];
        var named =
            from document in documents
            from Match match in Named().Matches(File.ReadAllText(document))
            select (Document: Path.GetFileName(document), File: match.Groups[1].Value);
        var all = named.ToList();

        Assert.InRange(all.Count, 100, int.MaxValue);
        // "Kernel/Net/Ip.cs" stands for src/ConntrackConsole.Kernel/Net/Ip.cs, and "Ip.cs" for any file of that name.
        RepositoryFiles.AssertNone(all.Where(name => !Files.Any(file => file.EndsWith("/" + name.File, StringComparison.Ordinal) || file.EndsWith("." + name.File, StringComparison.Ordinal)))
            .Select(name => $"{name.Document}: {name.File}"));
    }

    [GeneratedRegex(@"`([\w./-]+\.(?:cs|js|razor|yaml))`")]
    private static partial Regex Named();
}
