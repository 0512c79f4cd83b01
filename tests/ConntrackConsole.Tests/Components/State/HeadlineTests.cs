using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Components.State;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Components.State;

public sealed class HeadlineTests
{
    [Fact]
    public void From_StaleEntries_HasCountPodAndStart()
    {
        long finished = Views.NowMs - 48_000;
        var view = Views.Of(
            [Views.Lane("orders", Views.StaleBackend("10.1.0.5", 3, "shop/orders-1"), Views.Backend("10.1.0.6", Views.Flat(9)))],
            [Views.Ended("10.1.0.5", "orders-1", finished, 3)]);

        var headline = From(view, view);

        Assert.True(headline.Alarm);
        Assert.Equal("3 entries still point to shop/orders-1, which no longer serves.", headline.Title);
        Assert.Equal(finished, headline.SinceMs);
        Assert.Contains("Service shop/orders.", headline.Detail, StringComparison.Ordinal);
        Assert.Equal([("10.1.0.5", "shop/orders-1")], headline.Pods);
    }

    [Fact]
    public void From_StaleUdpToARunningPod_DoesNotSayThatItCannotAnswer()
    {
        var view = Views.Of([Views.Lane("dns", Views.Backend("10.1.0.5", Views.Flat(2), EntryState.Stale, Views.Flat(2), "shop/dns-1", OwnerState.Live))]);

        Assert.EndsWith("The pod runs, but is not ready or has left the Service; kube-proxy deletes such UDP entries itself.", Headline.From(view, view).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void From_StaleNowPausedEarlier_ShowsTheCurrentState()
    {
        var earlier = Views.Of([Views.Lane("orders", Views.Backend("10.1.0.5", Views.Flat(3)))]);
        var now = Views.Of([Views.Lane("orders", Views.StaleBackend("10.1.0.5", 1, "shop/orders-1"))]);

        Assert.Equal("1 entry still points to shop/orders-1, which no longer serves.", From(now, earlier).Title);
    }

    [Fact]
    public void From_UntranslatedEntries_NamesTheService()
    {
        var view = Views.Of([Views.Lane("dns", Views.StaleBackend("10.96.0.10", 2, "shop/dns") with { StateNow = EntryState.Untranslated })]);

        var headline = Headline.From(view, view);

        Assert.True(headline.Alarm);
        Assert.Equal("2 entries at the address of shop/dns are not translated.", headline.Title);
        Assert.Equal([("10.96.0.10", "Service shop/dns")], headline.Pods);
    }

    [Fact]
    public void From_NothingStale_IsCalm()
    {
        var view = Views.Of([Views.Lane("orders", Views.Backend("10.1.0.6", Views.Flat(9)))]);

        var headline = From(view, view);

        Assert.False(headline.Alarm);
        Assert.StartsWith("No stale entries", headline.Title, StringComparison.Ordinal);
        Assert.Equal("No resets in this 10 s range.", headline.Resets);
    }

    [Fact]
    public void From_SilentNode_LimitsTheClaimToReportingNodes()
    {
        var view = Views.Of(nodes: [Views.Node("node-a"), Views.Node("node-b", silentMs: 9_000)]);

        var headline = From(view, view);

        Assert.Contains("on the nodes that report", headline.Title, StringComparison.Ordinal);
        Assert.Equal("Unknown: node-b does not report.", headline.Detail);
    }

    [Fact]
    public void From_NoCollector_IsUnknown()
    {
        var view = Views.Of(nodes: [Views.Node("node-a", connected: false)]);

        Assert.Equal("No collector is connected: the conntrack tables are unknown.", From(view, view).Title);
    }

    [Fact]
    public void From_ResetsAndAGap_IsALowerBound()
    {
        int[] unNated = Views.Flat(0);
        unNated[4] = 2;
        var view = Views.Of(
            resets: new ResetLane(unNated, Views.Flat(1), [.. Views.Flat(0).Select(_ => -1)]),
            gaps: [new GapSpan("node-a", GapKind.ResetsLost, Views.NowMs - 5000, Views.NowMs - 4000, "overwritten")]);

        Assert.Equal("Resets in this 10 s range: at least 2 un-NATed, 10 from a backend, 0 other.", From(view, view).Resets);
    }

    [Fact]
    public void From_SilentNode_IsNotCalm()
    {
        var view = Views.Of(nodes: [Views.Node("node-a"), Views.Node("node-b", silentMs: 9_000)]);
        Assert.True(From(view, view) is { Alarm: false, Unsure: true });
    }

    [Fact]
    public void From_OwnersInDoubt_ClaimsNothing()
    {
        var view = Views.Of([Views.Lane("orders", Views.Backend("10.1.0.6", Views.Flat(9)))]);

        var headline = From(view, view, new HeadlineContext { OwnersDoubt = "The cluster data is 25 s old" });

        Assert.Equal("The cluster data is 25 s old: which entries are stale is unknown.", headline.Title);
        Assert.True(headline.Unsure);
    }

    [Fact]
    public void From_FilterOfAnUnknownName_IsNoAllClear()
    {
        var view = Views.Of([]);

        var headline = From(view, view, new HeadlineContext { Filter = "shop/doesnotexist", IsFilterUnknown = true });

        Assert.StartsWith("shop/doesnotexist is unknown", headline.Title, StringComparison.Ordinal);
        Assert.True(headline.Unsure);
        Assert.Equal("", headline.Resets);
    }

    [Theory]
    [InlineData(EntryState.Reassigned, true, "9 entries of shop/orders lead to another workload's pod.")]
    [InlineData(EntryState.Unknown, false, "No stale entries are known; the owners of 9 entries are unknown.")]
    public void From_EntriesToOthersOrToUnknownOwners_IsNotCalm(EntryState state, bool alarm, string title)
    {
        var view = Views.Of([Views.Lane("orders", Views.Backend("10.1.0.6", Views.Flat(9)) with { StateNow = state })]);

        var headline = From(view, view);

        Assert.Equal((alarm, !alarm, title), (headline.Alarm, headline.Unsure, headline.Title));
    }

    [Fact]
    public void From_NodeOfTheClusterWithoutCollector_IsNotCalm()
    {
        var view = Views.Of(nodes: [Views.Node("node-a")]);

        var headline = From(view, view, new HeadlineContext { ClusterNodes = ["node-a", "node-c"] });

        Assert.Equal((true, "Unknown: node-c has no collector."), (headline.Unsure, headline.Detail));
    }

    [Fact]
    public void From_Filter_IsNamedInTheClaim()
    {
        var view = Views.Of([Views.Lane("orders", Views.Backend("10.1.0.6", Views.Flat(9)))]);
        Assert.StartsWith("No stale entries for shop/orders:", From(view, view, new HeadlineContext { Filter = "shop/orders" }).Title, StringComparison.Ordinal);
    }

    [Fact]
    public void From_EntriesOfTheFirstPodAreGone_StillBeganWithIt()
    {
        long finished = Views.NowMs - 48_000, first = Views.NowMs - 300_000;
        var view = Views.Of([Views.Lane("orders", Views.StaleBackend("10.1.0.5", 3, "shop/orders-1"))], [Views.Ended("10.1.0.5", "orders-1", finished, 3)]);

        Assert.Equal(first, From(view, view, new HeadlineContext { StaleSinceMs = key => key == new ServiceKey("shop", "orders") ? first : null }).SinceMs);
    }

    private static Headline From(TimelineView now, TimelineView window, HeadlineContext? context = null) => Headline.From(now, window, context ?? new HeadlineContext());
}
