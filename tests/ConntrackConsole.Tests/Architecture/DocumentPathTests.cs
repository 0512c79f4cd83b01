using System.Text.RegularExpressions;
using Xunit;

namespace ConntrackConsole.Tests.Architecture;

/// <summary>A file that a document names exists, and docs/architecture.md names every folder of the console and the collector.</summary>
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

    [Theory]
    [InlineData("ConntrackConsole", "### Console")]
    [InlineData("ConntrackConsole.Collector", "### Collector")]
    public void FolderTables_NameTheFoldersThatExist(string project, string heading)
    {
        string root = RepositoryFiles.Path("src", project), text = File.ReadAllText(RepositoryFiles.Path("docs", "architecture.md"));
        var table = text[text.IndexOf(heading + "\n", StringComparison.Ordinal)..].Split('\n').Skip(1).TakeWhile(line => !line.StartsWith('#')).Where(line => line.StartsWith('|'));
        var named = table.SelectMany(line => Folder().Matches(line)).SelectMany(match => Expand(match.Groups[1].Value)).ToHashSet();
        var existing = Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Where(path => path.EndsWith(".cs", StringComparison.Ordinal) || path.EndsWith(".razor", StringComparison.Ordinal))
            .Select(path => Path.GetRelativePath(root, Path.GetDirectoryName(path)!)).Where(folder => folder != ".").ToHashSet();

        RepositoryFiles.AssertNone(existing.Except(named).Order(StringComparer.Ordinal).Select(folder => $"{folder} is not in the table {heading}")
            .Concat(named.Where(folder => !Directory.Exists(Path.Combine(root, folder))).Select(folder => $"{folder} does not exist")));
    }

    // "Timeline/{Model,Live}" stands for Timeline/Model and Timeline/Live, and every folder for those that it is in.
    private static IEnumerable<string> Expand(string folder)
    {
        string[] parts = folder.TrimEnd('/').Split('/');
        for (int i = 0; i < parts.Length - 1; i++)
            yield return string.Join('/', parts[..(i + 1)]);
        foreach (string last in parts[^1].Trim('{', '}').Split(','))
            yield return string.Join('/', [.. parts[..^1], last]);
    }

    [GeneratedRegex(@"`([\w/]+/(?:\w*|\{[\w,]+\}))`")]
    private static partial Regex Folder();

    [GeneratedRegex(@"`([\w./-]+\.(?:cs|js|razor|yaml))`")]
    private static partial Regex Named();
}
