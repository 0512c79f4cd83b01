using Xunit;

namespace ConntrackConsole.Tests.Architecture;

/// <summary>Folders and files stay small enough to be read as a list and in one go.</summary>
public class LayoutTests
{
    private const int MaxFilesPerFolder = 20;
    private const int MaxLinesPerFile = 400;
    private const int MaxPublicTypes = 150;

    // It has fewer.
    private const int CompositionRootLines = 80;

    private static readonly string[] Files =
    [
        .. new[] { "src", "tests", "wwwroot" }.SelectMany(top => Directory.EnumerateFiles(RepositoryFiles.Path(top), "*.*", SearchOption.AllDirectories))
            .Where(path => path.EndsWith(".cs", StringComparison.Ordinal) || path.EndsWith(".razor", StringComparison.Ordinal) || path.EndsWith(".js", StringComparison.Ordinal) || path.EndsWith(".css", StringComparison.Ordinal))
            .Select(path => Path.GetRelativePath(RepositoryFiles.Root, path))
            .Where(path => !path.Contains("/Migrations/", StringComparison.Ordinal)),
    ];

    [Fact]
    public void Folders_HoldNoMoreFilesThanOneReadsAtAGlance() =>
        RepositoryFiles.AssertNone(Files.GroupBy(f => Path.GetDirectoryName(f)).Where(g => g.Count() > MaxFilesPerFolder).Select(g => $"{g.Key}: {g.Count()} files"));

    [Fact]
    public void Files_AreNoLongerThanTheLimit() =>
        RepositoryFiles.AssertNone(Files.Select(f => (File: f, Lines: File.ReadLines(RepositoryFiles.Path(f)).Count())).Where(f => f.Lines > MaxLinesPerFile).Select(f => $"{f.File}: {f.Lines} lines"));

    /// <summary>The composition root lists the components; what a component consists of stands in its own folder.</summary>
    [Fact]
    public void CompositionRoot_IsShorterThanTheLimit() =>
        Assert.InRange(File.ReadLines(RepositoryFiles.Path("src", "ConntrackConsole", "Hosting", "ConsoleApplication.cs")).Count(), 1, CompositionRootLines - 1);

    /// <summary>What no other assembly needs is internal; generated Razor classes are public by themselves.</summary>
    [Fact]
    public void PublicTypes_AreFew()
    {
        string[] types = [.. Files.Where(file => file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal)).SelectMany(file => Declarations.Public(File.ReadAllText(RepositoryFiles.Path(file))).Select(type => $"{file}: {type}"))];
        Assert.True(types.Length is > 50 and <= MaxPublicTypes, $"{types.Length} of at most {MaxPublicTypes}:\n{string.Join('\n', types)}");
    }

    /// <summary>A name that two types share misleads a search. Nested private types are not counted.</summary>
    [Fact]
    public void TopLevelTypes_HaveNamesOfTheirOwn()
    {
        var names =
            from file in Files
            where file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal) && Path.GetFileName(file) != "Program.cs"
            from name in Declarations.TopLevel(File.ReadAllText(RepositoryFiles.Path(file))).Distinct()
            // The parts of a partial type are named Type.Part.cs; a razor component's code stands beside it.
            group file by name into declared
            where declared.Select(f => Path.GetFileName(f)!.Split('.')[0]).Distinct().Count() > 1 || declared.Select(Path.GetDirectoryName).Distinct().Count() > 1
            select $"{declared.Key}: {string.Join(", ", declared)}";
        RepositoryFiles.AssertNone(names);
    }
}
