using System.Text.RegularExpressions;
using Bunit;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Checks.Model;
using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Components;

/// <summary>Every state, cause, phase and result has exactly one text, and a symbol where it needs one, on the pages and on the canvas.</summary>
public sealed partial class SignTextTests
{
    private static readonly TerminationCause[] Causes = Enum.GetValues<TerminationCause>();

    [Fact]
    public void Cause_HasUniqueNameLetterAndCode()
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
    public void Legend_PhasesAndContainerExits_HaveUniqueSymbols()
    {
        using var context = new BunitContext();
        var phases = TerminationPhases.All.Select(phase => context.Render<PhaseIcon>(p => p.Add(s => s.Phase, phase)).Markup);
        var ends = Enum.GetValues<ContainerExit>().Where(end => end is not (ContainerExit.Unknown or ContainerExit.Clean))
            .Select(end => context.Render<PhaseIcon>(p => p.Add(s => s.Phase, TerminationPhase.ContainerFinished).Add(s => s.Exit, end)).Markup);
        AssertAllDifferent(phases.Concat(ends));
        AssertAllDifferent(TerminationPhases.All.Select(phase => phase.Name()));

        var legend = context.Render<Legend>();
        foreach (var phase in TerminationPhases.All)
            Assert.Contains(phase.Name(), legend.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void Legend_Counters_MatchTheCanvas()
    {
        var drawn = Regex.Matches(Script("counters.js"), "name: \"(?<name>[^\"]+)\", text: \"[^\"]+\", colour: \"(?<colour>\\w+)\"").Select(match => (match.Groups["name"].Value, match.Groups["colour"].Value));
        Assert.Equal(Legend.Counters, drawn);
    }

    // The canvas has its own table: its keys are the fields that view.js reads, in the order in which ViewBytes writes the phases.
    [Fact]
    public void Canvas_Phases_MatchThePages()
    {
        string symbols = Script("symbols.js");
        var table = PhaseRow().Matches(symbols[symbols.IndexOf("PHASES = [", StringComparison.Ordinal)..symbols.IndexOf("];", StringComparison.Ordinal)]);

        Assert.Equal(TerminationPhases.All.Select(phase => phase.Name()), table.Select(row => row.Groups["words"].Value));
        string fields = Regex.Match(Script("view.js"), @"requested: time\(\)(,\s+\w+: time\(\))+").Value;
        Assert.Equal(table.Select(row => row.Groups["key"].Value), FieldName().Matches(fields).Select(field => field.Groups["key"].Value).Where(key => key != "grace"));
        var drawn = Regex.Matches(symbols, "key === \"(?<key>\\w+)\"").Select(match => match.Groups["key"].Value).ToList();
        // The last one is the default branch.
        Assert.Equal(table.Select(row => row.Groups["key"].Value).SkipLast(1), drawn);
    }

    [Fact]
    public void Canvas_ContainerExits_MatchTheEnum()
    {
        var numbers = Regex.Match(Script("symbols.js"), @"ContainerExit: (?<list>[^.]+)\.").Groups["list"].Value.Split(", ").Select(part => int.Parse(part.Split(' ')[0]));
        Assert.Equal(Enum.GetValues<ContainerExit>().Select(end => (int)end), numbers);
    }

    [Fact]
    public void Canvas_EntryStates_MatchThePages()
    {
        string list = Regex.Match(Script("view.js"), @"STATES = \[(?<list>[^\]]+)\]").Groups["list"].Value;
        Assert.Equal(
            Enum.GetValues<EntryState>().Order().Select(DisplayText.Name),
            list.Split(", ").Select(name => name.Trim('"')));
    }

    [Fact]
    public void Canvas_RolloutStates_MatchThePages()
    {
        string list = Regex.Match(Script("rollouts.js"), @"STATES = \[(?<list>[^\]]+)\]").Groups["list"].Value;
        Assert.Equal(
            Enum.GetValues<RolloutState>().Select(state => state.Name()),
            list.Split(", ").Select(name => name.Trim('"')));
    }

    // Gap kinds during which resets may be missing: all but a truncated frame, which still counts them, and missing dumps of the table.
    [Fact]
    public void Canvas_LossyGapKinds_AreKnownKinds()
    {
        var kinds = Regex.Match(Script("timeline.js"), @"LOSSY_GAP_KINDS = \[(?<list>[^\]]+)\]").Groups["list"].Value.Split(", ").Select(kind => (GapKind)int.Parse(kind));
        Assert.Equal([GapKind.ResetsLost, GapKind.FramesDropped, GapKind.SequenceJump, GapKind.Silent, GapKind.Started], kinds);
    }

    [Fact]
    public void Gap_EachKindHasItsOwnText() =>
        AssertAllDifferent(Enum.GetValues<GapKind>().Select(kind => GapLog.Text("node-a", kind, 5_000, 3)));

    [Fact]
    public void ActionState_HasUniqueNameAndASign()
    {
        AssertAllDifferent(Enum.GetValues<ActionState>().Select(ActionStates.Name));
        Assert.All(Enum.GetValues<ActionState>(), state => Assert.Equal(1, ActionStates.Sign(state).Length));
    }

    [Fact]
    public void NodeResult_HasUniqueNames()
    {
        AssertAllDifferent(Enum.GetValues<SettingOutcome>().Select(NodeResultText.Name));
        AssertAllDifferent(Enum.GetValues<NodeOutcome>().Select(NodeResultText.Name));
    }

    [Fact]
    public void OwnerEntryResetAndEffect_HaveUniqueNames()
    {
        AssertAllDifferent(Enum.GetValues<OwnerState>().Select(DisplayText.Name));
        AssertAllDifferent(Enum.GetValues<EntryState>().Select(DisplayText.Name));
        AssertAllDifferent(Enum.GetValues<ResetKind>().Select(DisplayText.Name));
        AssertAllDifferent(Enum.GetValues<FlushEffect>().Select(DisplayText.Name));
        AssertAllDifferent(Enum.GetValues<FlushEffect>().Select(DisplayText.Explain));
    }

    [Fact]
    public void CheckState_HasUniqueNameIdAndSign()
    {
        AssertAllDifferent(Enum.GetValues<CheckState>().Select(CheckFormatter.Name));
        AssertAllDifferent(Enum.GetValues<CheckState>().Select(CheckFormatter.Id));
        AssertAllDifferent(Enum.GetValues<CheckState>().Select(CheckFormatter.Sign));
        Assert.Equal(Enum.GetValues<CheckState>().Order(), CheckFormatter.Order.Order());
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
