using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Components.Controls.Timeline.Notes;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Components.Views;

namespace ConntrackConsole.Tests.Components.Controls.Timeline;

/// <summary>The table has what the chart draws, with exact times.</summary>
public sealed class TimelineRowTests
{
    [Fact]
    public void Termination_HasALineForEachPhase_NewestFirst()
    {
        var rows = Rows(Of(terminations: [OfRollout]));

        Assert.Equal(
            ["deleted", "endpoint removed", "container finished", "rules synced, first node", "SIGTERM sent", "endpoint not ready", "endpoint terminating", "deletion requested"],
            rows.Select(row => row.Text));
        Assert.All(rows, row => Assert.Equal(("pods", "shop/checkout-1", "/?10.1.0.5&u1"), (row.Lane.Name, row.Subject, row.Href)));
        Assert.Equal(NowMs - 2_500, rows[0].AtMs);
    }

    [Fact]
    public void Rollout_HasItsMoments_AndItsPage()
    {
        var rows = Rows(Of() with { Rollouts = [Rollout] });

        Assert.Equal([("finished", NowMs - 1_000), ("first new pod ready", NowMs - 7_000), ("started", NowMs - 9_000)], rows.Select(row => (row.Text, row.AtMs)));
        Assert.Equal(RolloutsUrl.Page("d1/4"), rows[0].Href);
    }

    [Fact]
    public void Service_HasALineWhereItsSumChanges_AndSaysWhatIsNotKnown()
    {
        int[] entries = [-1, 2, 2, 5, 5, 5, 5, -1, 5, 5], stale = [-1, 0, 0, 3, 3, 3, 3, -1, 0, 0];

        var rows = Rows(Of([Lane("orders", Backend("10.1.0.5", entries, stale: stale), Backend("10.1.0.6", Flat(1)))]));

        Assert.Equal(
            [("6 entries", 8), ("entries not known", 7), ("6 entries, 3 stale", 3), ("3 entries", 1)],
            rows.Select(row => (row.Text, (int)(row.AtMs - NowMs + 10_000) / 1_000)));
        Assert.Equal("shop/orders", rows[0].Subject);
    }

    [Fact]
    public void Resets_AreOfTheirColumnAndKind()
    {
        int[] unNated = Flat(0), backend = Flat(-1);
        (unNated[4], backend[6]) = (2, 1);

        var rows = Rows(Of(resets: new ResetLane(unNated, backend, Flat(0))));

        Assert.Equal([("1 reset, from the backend", NowMs - 4_000), ("2 resets, un-NATed", NowMs - 6_000)], rows.Select(row => (row.Text, row.AtMs)));
    }

    [Fact]
    public void Counters_HaveALineWhereARateChanges_AndFailedSyncsLagsAndFullTables()
    {
        int[] invalid = [0, 0, 1_500, 1_500, 1_500, 0, 0, -1, -1, 0], lag = [0, 0, 900, 2_500, 0, 0, 0, 0, 0, 0], use = [100, 100, 810, 900, 100, 100, 100, 100, 100, 100];
        var view = Of() with
        {
            Counters = new CounterLanes(invalid, Flat(0), Flat(0), Flat(0), Flat(-1), new GaugeLane(use, Flat(1)), new GaugeLane(lag, Flat(0)), ["node-a", "node-b"], [new SyncFailure("node-a", NowMs - 500, 2)]),
        };

        Assert.Equal(
            [
                ("2 syncs of kube-proxy failed within 10 s", "node-a"), ("0 packets a second", "INVALID"), ("every conntrack table below 80 % again", ""),
                ("1.5 packets a second", "INVALID"), ("rules begin to lag, up to 2.5 s", "node-a"), ("conntrack table at 81 % of its limit", "node-b"),
            ],
            Rows(view).Select(row => (row.Text, row.Subject)));
    }

    [Fact]
    public void Gap_BeforeTheRange_BeginsWithIt()
    {
        var row = Assert.Single(Rows(Of(gaps: [new GapSpan("node-a", GapKind.Silent, NowMs - 60_000, NowMs - 4_000, "no frames")])));

        Assert.Equal((NowMs - 10_000, "node-a", "no frames (6.0 s of this range)"), (row.AtMs, row.Subject, row.Text));
    }

    [Fact]
    public void Lanes_ThatAreNotShown_HaveNoLine_AndThoseBeyondTheRangeNeither()
    {
        var notes = new ChartNotes(
            [new ChartSpan(NowMs - 5_000, null, "M4: shop/orders", "bad", "/findings/f-1", [new ChartMoment(NowMs - 5_000, "3 of 5 clients"), new ChartMoment(null, "a line without a time"), new ChartMoment(NowMs - 60_000, "before")])],
            [new ChartSpan(NowMs - 3_000, NowMs, "Flush of 10.1.0.5", "ok", "/actions?action=a", [new ChartMoment(null, "completed")])], []);

        var rows = TimelineRow.Of(Of(terminations: [OfRollout]), notes, LaneChoice.Parse("findings,actions"), Link);

        Assert.Equal([("Flush of 10.1.0.5", "completed", "/actions?action=a"), ("M4: shop/orders", "3 of 5 clients", "/findings/f-1")], rows.Select(row => (row.Subject, row.Text, row.Href)));
    }

    private static List<TimelineRow> Rows(TimelineView view) => TimelineRow.Of(view, ChartNotes.None, LaneChoice.Default, Link);

    private static string Link(string ip, string? uid) => $"/?{ip}&{uid}";
}
