using ConntrackConsole.Components.Controls.Timeline.Notes;
using ConntrackConsole.Timeline.Model;
using Xunit;

namespace ConntrackConsole.Tests.Components.Controls.Timeline.Notes;

public class SettingSpansTests
{
    private const string Liberal = "net.netfilter.nf_conntrack_tcp_be_liberal";

    [Fact]
    public void Of_TheSameChangeOnSeveralNodes_IsOne_AndAnotherOrLaterOneIsNot()
    {
        var spans = SettingSpans.Of(
        [
            new("n2", 3_000, Liberal, "0", "1"), new("n1", 1_000, Liberal, "0", "1"), new("n1", 2_000, Liberal, "1", "0"), new("n3", 90_000, Liberal, "0", "1"),
            new("n3", 91_000, "net.netfilter.nf_conntrack_max", "", "5"),
        ]);

        Assert.Equal(
            [
                (91_000, 91_000, "nf_conntrack_max absent → 5 on n3"), (90_000, 90_000, "nf_conntrack_tcp_be_liberal 0 → 1 on n3"),
                (2_000, 2_000, "nf_conntrack_tcp_be_liberal 1 → 0 on n1"), (1_000, 3_000L, "nf_conntrack_tcp_be_liberal 0 → 1 on 2 nodes"),
            ],
            spans.Select(span => (span.FromMs, span.ToMs!.Value, span.Label)));
        Assert.Equal([(1_000L, "n1"), (3_000, "n2")], spans[^1].Moments.Select(moment => (moment.AtMs!.Value, moment.Text)));
        Assert.All(spans, span => Assert.Null(span.Href));
    }

    [Fact]
    public void Of_ManyNodes_NamesSome_AndCountsTheOthers()
    {
        var span = Assert.Single(SettingSpans.Of([.. Enumerable.Range(0, 20).Select(node => new ReportedSetting($"n{node}", 1_000 + node, Liberal, "0", "1"))]));

        Assert.Equal("nf_conntrack_tcp_be_liberal 0 → 1 on 20 nodes", span.Label);
        Assert.Equal("and 12 more", span.Moments[^1].Text);
        Assert.Equal(9, span.Moments.Count);
    }
}
