using ConntrackConsole.Components.Controls.Findings;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Findings.Explanation;
using ConntrackConsole.Tests.Findings.Explanation;
using Xunit;

namespace ConntrackConsole.Tests.Components.Controls.Findings;

/// <summary>The drawing of a path: text in SVG does not wrap, and nothing may run out of its box.</summary>
public sealed class PathLayoutTests
{
    public static TheoryData<string> Codes => [.. Explained.Codes];

    [Theory]
    [MemberData(nameof(Codes))]
    public void Boxes_FollowEachOther_AndHoldTheirLines(string code)
    {
        string name = new('n', 63);
        var layout = new PathLayout(PathBuilder.Of(Explained.Of(code, v6: true, ns: name, service: name, pod: name)));
        int end = 0;
        foreach (var box in layout.Boxes)
        {
            Assert.True(box.Y > end);
            end = box.Y + box.Height;
            Assert.True(box.Name.Length <= 37, box.Name);
            Assert.All(box.Lines, line => Assert.True(line.Text.Length <= 46, line.Text));
            Assert.All(box.Lines.Where(line => line.Kind == "sends"), line => Assert.True(line.Text.Length <= 38, line.Text));
            if (box.Lines.Count > 0)
                Assert.True(PathLayout.LineY(box, box.Lines.Count - 1) < end);
        }

        Assert.Equal(end + 1, layout.Height);
    }

    [Theory]
    [InlineData(MechanismCodes.InvalidUntranslated, "raw raw raw passes passes", "passes passes passes passes passes")]
    [InlineData(MechanismCodes.BlackHole, "none none none none none", "passes passes passes passes passes")]
    [InlineData(MechanismCodes.NoEndpoints, "passes passes none none none", "passes passes none none none")]
    [InlineData(MechanismCodes.ProxyLagged, "unsure unsure unsure unsure unsure", "passes passes passes unsure unsure")]
    public void Rails_AreDrawnAsFarAsPacketsCome(string code, string answers, string requests)
    {
        var layout = new PathLayout(PathBuilder.Of(Explained.Of(code)));
        Assert.Equal(answers, string.Join(' ', Enumerable.Range(0, 5).Select(layout.AnswerRail)));
        Assert.Equal(requests, string.Join(' ', layout.Boxes.Skip(1).Select(box => PathLayout.RequestRail(box.Hop))));
    }

    [Fact]
    public void Shorten_KeepsBothEnds()
    {
        string shown = PathLayout.Shorten("a-namespace/a-deployment-with-a-long-name-7d9fb5c6d4-x2k9p");
        Assert.StartsWith("a-namespace/a-de", shown, StringComparison.Ordinal);
        Assert.EndsWith("5c6d4-x2k9p", shown, StringComparison.Ordinal);
        Assert.True(shown.Length <= 37);
    }
}
