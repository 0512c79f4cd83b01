using System.Text.RegularExpressions;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Tests.Architecture;
using Xunit;

namespace ConntrackConsole.Tests.Components.State.Urls;

/// <summary>The lanes of the chart as a word in the URL.</summary>
public sealed class LaneChoiceTests
{
    private static readonly string[] All = [.. ChartLane.All.Select(lane => lane.Name)];

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" , ,")]
    [InlineData("<script>")]
    public void Parse_Nothing_IsAllLanes(string? value)
    {
        var choice = LaneChoice.Parse(value);

        Assert.Equal(LaneChoice.Default, choice);
        Assert.Equal(All, choice.Shown.Select(row => row.Lane.Name));
        Assert.DoesNotContain(choice.Shown, row => row.IsCollapsed);
    }

    [Fact]
    public void Parse_Names_AreTheLanesInTheirOrder_WithTheOthersBelow()
    {
        var choice = LaneChoice.Parse("resets,-proxy, findings,resets");

        Assert.Equal([("resets", false), ("proxy", true), ("findings", false)], choice.Shown.Select(row => (row.Lane.Name, row.IsCollapsed)));
        Assert.Equal(All.Length, choice.Rows.Count);
        Assert.Equal(All.Except(["resets", "proxy", "findings"]), choice.Rows.Where(row => !row.IsShown).Select(row => row.Lane.Name));
        Assert.Equal("resets,-proxy,findings", choice.Text);
    }

    [Fact]
    public void Parse_NamesOfAnotherVersion_AreKept_AndTheOthersShown()
    {
        Assert.Equal(["dns", "quic"], LaneChoice.Parse("dns,-quic").Unknown);
        Assert.Equal(All, LaneChoice.Parse("dns").Shown.Select(row => row.Lane.Name));

        var choice = LaneChoice.Parse("gaps,dns,pods");
        Assert.Equal(["gaps", "pods"], choice.Shown.Select(row => row.Lane.Name));
        Assert.Equal("-gaps,pods,dns", choice.ToggleCollapsed("gaps").Text);
    }

    [Fact]
    public void Toggle_ShowsALaneAtItsPlace_AndHidesIt()
    {
        var without = LaneChoice.Default.Toggle("pods");

        Assert.Equal(All.Except(["pods"]), without.Shown.Select(row => row.Lane.Name));
        Assert.Equal(LaneChoice.Default, without.Toggle("pods"));
        Assert.Equal("none", LaneChoice.Parse("pods").Toggle("pods").Text);
        Assert.Empty(LaneChoice.Parse("none").Shown);
        Assert.Equal("resets", LaneChoice.Parse("none").Toggle("resets").Text);
        Assert.Equal(LaneChoice.Default, LaneChoice.Default.Toggle("dns"));
    }

    [Fact]
    public void Move_ChangesPlaces_AndStopsAtTheEnds()
    {
        var choice = LaneChoice.Parse("resets,proxy,gaps");

        Assert.Equal("proxy,resets,gaps", choice.Move("proxy", -1).Text);
        Assert.Equal("resets,gaps,proxy", choice.Move("proxy", 1).Text);
        Assert.Equal(choice, choice.Move("resets", -1));
        Assert.Equal(choice, choice.Move("gaps", 1));
        Assert.Equal(choice, choice.Move("pods", 1));
    }

    [Fact]
    public void Expanded_OnlyALaneThatIsCollapsed_Changes()
    {
        Assert.Equal("resets,gaps", LaneChoice.Parse("-resets,gaps").Expanded("resets").Text);
        Assert.Equal("-resets,gaps", LaneChoice.Parse("-resets,gaps").Expanded("gaps").Text);
    }

    [Fact]
    public void All_AreTheLanesOfTheCanvas()
    {
        string script = File.ReadAllText(RepositoryFiles.Path("wwwroot", "js", "timeline.js"));

        Assert.Equal(All, Regex.Matches(Regex.Match(script, @"LANES = \[([^\]]*)\]").Groups[1].Value, "\"([^\"]+)\"").Select(match => match.Groups[1].Value));
        Assert.All(All.Except(["gaps"]), name => Assert.Contains($"case \"{name}\":", script, StringComparison.Ordinal));
    }
}
