using System.Text.RegularExpressions;
using Xunit;

namespace ConntrackConsole.Tests.Architecture;

/// <summary><c>tests/run</c> installs every program that the tests and the lab start: a machine that has one by chance hides a missing one.</summary>
public partial class ProgramTests
{
    // Of Debian's essential packages, or of the file with the command line for a shell.
    private static readonly HashSet<string> Essential = ["sh", "bash", "/bin/sh", "unshare", "setpriv", "timeout", "kill", "cat", "sleep"];

    [Fact]
    public void Run_InstallsEveryProgramThatIsStarted()
    {
        string run = File.ReadAllText(RepositoryFiles.Path("tests", "run"));
        var installed = Regex.Match(run, @"^programs=\((.*)\)$", RegexOptions.Multiline).Groups[1].Value.Split(' ').ToHashSet();
        string[] folders = [RepositoryFiles.Path("tests"), RepositoryFiles.Path("src", "ConntrackConsole.Lab")];
        var started =
            from file in folders.SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
            where !file.Contains("/artifacts/", StringComparison.Ordinal) && Path.GetFileName(file) != "ProgramTests.cs"
            from Match match in Started().Matches(File.ReadAllText(file))
            select (File: Path.GetFileName(file), Program: match.Groups[1].Value);
        var all = started.ToList();

        Assert.Superset(new HashSet<string> { "conntrack", "nft", "ip" }, all.Select(start => start.Program).ToHashSet());
        RepositoryFiles.AssertNone(all.Where(start => !installed.Contains(start.Program) && !Essential.Contains(start.Program)).Select(start => $"{start.File}: {start.Program}"));
    }

    // new ProcessStartInfo("nft", Process.Start("ip", RunningLab.RunAsync("ip", Run(scratch, "nft", lab.RunAsync(3, "nft"
    [GeneratedRegex(@"(?:ProcessStartInfo\(|Process\.Start\(|RunningLab\.RunAsync\(|Run\(scratch, |lab\.RunAsync\(\w+, )""([a-z/][\w./-]*)""")]
    private static partial Regex Started();
}
