using ConntrackConsole.Components.Controls.Pods;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Components.Controls.Pods;

public sealed class PodRowTests
{
    [Fact]
    public void From_SeriesEndsInAGap_IsUnknown()
    {
        int[] entries = [5, 5, 5, 5, -1, -1, -1, -1, -1, -1];

        var row = Assert.Single(PodRow.From(Views.Of([Views.Lane("orders", Views.Backend("10.1.0.5", entries))])));

        Assert.Null(row.Entries);
    }

    [Fact]
    public void From_LastSecondNotReportedYet_IsTheLastValue()
    {
        int[] entries = [5, 5, 5, 5, 5, 5, 5, 5, 7, -1];

        var row = Assert.Single(PodRow.From(Views.Of([Views.Lane("orders", Views.Backend("10.1.0.5", entries))])));

        Assert.Equal(7, row.Entries);
    }

    [Fact]
    public void From_PodOfTwoServices_IsOneRowWithSumAndWorstState()
    {
        var rows = PodRow.From(Views.Of(
            [
                Views.Lane("orders", Views.Backend("10.1.0.5", Views.Flat(2), pod: "shop/orders-1")),
                Views.Lane("orders-metrics", Views.StaleBackend("10.1.0.5", 1, "shop/orders-1")),
                Views.Lane("cart", Views.Backend("10.1.0.9", Views.Flat(4), pod: "shop/cart-1")),
            ],
            [Views.Ended("10.1.0.5", "orders-1", Views.NowMs - 5000)]));

        Assert.Equal(["10.1.0.5", "10.1.0.9"], rows.Select(row => row.Ip));
        Assert.Equal((3, 1, "orders, orders-metrics"), (rows[0].Entries, rows[0].Stale, rows[0].Services));
        Assert.Equal(ConntrackConsole.Timeline.Model.EntryState.Stale, rows[0].State);
        Assert.Equal(137, rows[0].End?.ExitCode);
    }

    [Fact]
    public void From_TerminatedPodWithoutEntries_IsListed()
    {
        var row = Assert.Single(PodRow.From(Views.Of(terminations: [Views.Ended("10.1.0.7", "batch-1", Views.NowMs - 5000)])));

        Assert.Equal(("shop/batch-1", OwnerState.Gone), (row.Name, row.Owner));
    }
}
