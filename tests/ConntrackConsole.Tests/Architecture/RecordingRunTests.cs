using ConntrackConsole.Tests.Recordings;
using Xunit;

namespace ConntrackConsole.Tests.Architecture;

/// <summary><c>tests/run --recordings</c> runs the classes of one namespace: each test over all recordings is in it.</summary>
public class RecordingRunTests
{
    // In two parts, so that this file is none of those that it finds.
    private const string AllRecordings = nameof(RecordedFiles) + ".Names";

    [Fact]
    public void Run_OverRecordings_SelectsTheirNamespace() =>
        Assert.Contains($"-namespace {typeof(RecordedFiles).Namespace})", File.ReadAllText(RepositoryFiles.Path("tests", "run")));

    [Fact]
    public void Tests_OverAllRecordings_AreInTheNamespaceThatIsRun()
    {
        string tests = RepositoryFiles.Path("tests");
        var found = Directory.EnumerateFiles(tests, "*.cs", SearchOption.AllDirectories)
            .Where(file => File.ReadAllText(file).Contains(AllRecordings, StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(found);
        RepositoryFiles.AssertNone(found.Where(file => !File.ReadAllText(file).Contains($"namespace {typeof(RecordedFiles).Namespace};", StringComparison.Ordinal)));
    }
}
