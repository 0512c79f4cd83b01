using ConntrackConsole.Inventory;
using Xunit;

namespace ConntrackConsole.Tests.Inventory;

/// <summary>Which settings differ from those of the other nodes.</summary>
public class NodeSummaryTests
{
    [Theory]
    [InlineData("1", "1:2,0:1", false)] // The majority.
    [InlineData("0", "1:2,0:1", true)]
    [InlineData("1", "1:1,0:1", true)] // No value has most nodes.
    [InlineData("1", "1:1", false)] // The only node.
    [InlineData(null, "1:2,-:1", true)] // Absent here.
    [InlineData("1", "-:2,1:1", true)] // Absent on most nodes.
    [InlineData(null, "-:2,1:1", false)]
    public void Setting_Differs_IfItIsNotTheMajority(string? value, string counts, bool differs)
    {
        List<(string? Value, int Nodes)> parsed = [.. counts.Split(',').Select(part => part.Split(':')).Select(part => (part[0] == "-" ? null : part[0], int.Parse(part[1], System.Globalization.CultureInfo.InvariantCulture)))];
        bool hasMajority = 2 * parsed[0].Nodes > parsed.Sum(count => count.Nodes);
        Assert.Equal(differs, new SettingSummary("x", value, null, new SettingValueCounts(hasMajority ? parsed[0].Value : null, hasMajority, parsed)).Differs);
    }
}
