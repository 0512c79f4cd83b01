using System.Text.RegularExpressions;
using Bunit;
using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Model;
using Xunit;

namespace ConntrackConsole.Tests.Components;

/// <summary>Every cause, phase and container end has its own text and sign, on the pages and on the canvas.</summary>
public sealed partial class SignTextTests
{
    private static readonly TerminationCause[] Causes = Enum.GetValues<TerminationCause>();

    [Fact]
    public void Cause_EachHasItsOwnNameLetterAndCode()
    {
        AssertAllDifferent(Causes.Select(DisplayText.Name));
        AssertAllDifferent(Causes.Select(DisplayText.Letter));
        AssertAllDifferent(Causes.Select(cause => cause.Code()));
        Assert.All(Causes, cause => Assert.Equal(1, DisplayText.Letter(cause).Length));
        Assert.All(Causes, cause => Assert.Matches("^termination\\.[a-z_]+$", cause.Code()));
        Assert.Equal([TerminationCause.Unknown], Causes.Where(cause => DisplayText.Letter(cause) == "?" || DisplayText.Name(cause).Contains("unknown", StringComparison.Ordinal)));
        Assert.Equal("termination.oom_killed", TerminationCause.OutOfMemory.Code());
    }

    [Fact]
    public void Legend_AllCauses_HasARowForEach()
    {
        using var context = new BunitContext();
        var legend = context.Render<Legend>(p => p.Add(l => l.Causes, Causes));

        Assert.Equal(
            Causes.Select(cause => DisplayText.Letter(cause) + DisplayText.Name(cause)),
            legend.FindAll(".legend.causes li").Select(row => string.Join(' ', row.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))));
    }

    [Fact]
    public void Legend_EveryPhaseAndEndOfAContainer_HasItsOwnSign()
    {
        using var context = new BunitContext();
        var phases = TerminationPhases.All.Select(phase => context.Render<PhaseIcon>(p => p.Add(s => s.Phase, phase)).Markup);
        var ends = Enum.GetValues<ContainerEnd>().Where(end => end is not (ContainerEnd.Unknown or ContainerEnd.Clean))
            .Select(end => context.Render<PhaseIcon>(p => p.Add(s => s.Phase, TerminationPhase.ContainerFinished).Add(s => s.End, end)).Markup);
        AssertAllDifferent(phases.Concat(ends));
        AssertAllDifferent(TerminationPhases.All.Select(phase => phase.Name()));

        var legend = context.Render<Legend>();
        foreach (var phase in TerminationPhases.All)
            Assert.Contains(phase.Name(), legend.Markup, StringComparison.Ordinal);
    }

    // The canvas has a table of its own: its keys are the fields that view.js reads, in the order in which ViewBytes writes the phases.
    [Fact]
    public void Canvas_Phases_AreThoseOfThePages()
    {
        string signs = Script("signs.js");
        var table = PhaseRow().Matches(signs[signs.IndexOf("PHASES = [", StringComparison.Ordinal)..signs.IndexOf("];", StringComparison.Ordinal)]);

        Assert.Equal(TerminationPhases.All.Select(phase => phase.Name()), table.Select(row => row.Groups["words"].Value));
        string fields = Regex.Match(Script("view.js"), @"asked: f64\(\)(,\s+\w+: time\(\))+").Value;
        Assert.Equal(table.Select(row => row.Groups["key"].Value), FieldName().Matches(fields).Select(field => field.Groups["key"].Value).Where(key => key != "grace"));
        var drawn = Regex.Matches(signs, "key === \"(?<key>\\w+)\"").Select(match => match.Groups["key"].Value).ToList();
        // The last one is drawn where none of the others is.
        Assert.Equal(table.Select(row => row.Groups["key"].Value).SkipLast(1), drawn);
    }

    [Fact]
    public void Canvas_ContainerEnds_AreThoseOfTheEnum()
    {
        var numbers = Regex.Match(Script("signs.js"), @"ContainerEnd: (?<list>[^.]+)\.").Groups["list"].Value.Split(", ").Select(part => int.Parse(part.Split(' ')[0]));
        Assert.Equal(Enum.GetValues<ContainerEnd>().Select(end => (int)end), numbers);
    }

    [Fact]
    public void Canvas_EntryStates_AreThoseOfTheEnum()
    {
        string list = Regex.Match(Script("view.js"), @"STATES = \[(?<list>[^\]]+)\]").Groups["list"].Value;
        Assert.Equal(
            Enum.GetValues<EntryState>().Order().Select(state => state.ToString().ToLowerInvariant()),
            list.Split(", ").Select(word => word.Trim('"')));
    }

    private static void AssertAllDifferent(IEnumerable<string> texts)
    {
        var all = texts.ToList();
        Assert.All(all, text => Assert.False(string.IsNullOrWhiteSpace(text)));
        Assert.Equal(all.Distinct(StringComparer.OrdinalIgnoreCase), all);
    }

    private static string Script(string name)
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "ConntrackConsole.sln")))
            folder = Path.GetDirectoryName(folder)!;
        return File.ReadAllText(Path.Combine(folder, "wwwroot", "js", name));
    }

    [GeneratedRegex("""\["(?<key>\w+)", "(?<words>[^"]+)"\]""")]
    private static partial Regex PhaseRow();

    [GeneratedRegex(@"(?<key>\w+): (f64|time)\(\)")]
    private static partial Regex FieldName();
}
