using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Components.Palette;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Components.Search;

/// <summary>What the palette finds in a snapshot, in which order, and where each hit leads.</summary>
public class PaletteSearchTests
{
    private const long Now = 1_800_000_000_000;

    private static readonly PaletteSnapshot Scene = new(Now)
    {
        Commands = [new PaletteItem(new PaletteHit(PaletteKind.Command, "Go to Resets", "g e", "/resets"), "Go to Resets", "Resets", "/resets")],
        Items =
        [
            new PaletteItem(new PaletteHit(PaletteKind.Incident, "Orders reset", "open", "/incidents/i-1"), "Orders reset", "i-1"),
            new PaletteItem(new PaletteHit(PaletteKind.Action, "Flush of 10.1.0.5", "completed", "/actions?action=flush-0123"), "flush-0123", "10.1.0.5"),
        ],
        Pods = [Pod("u-1", "shop", "orders-1", "10.1.0.50"), Pod("u-2", "shop", "checkout-1", "10.1.0.5", "fd00:10:1::5"), Pod("u-3", "pay", "orders", "10.2.0.5")],
        Services = [new ServiceInfo("s-1", new ServiceKey("shop", "orders"), [Ip.Parse("10.96.0.1")], [])],
        Nodes = [new NodeInfo("n-1", "node-a", true, [Ip.Parse("192.168.0.1")])],
        Terminations = [new Termination("u-0", "shop", "orders-0", Ip.Parse("10.1.0.7"), "node-a", null, Now - 90_000, null, null, null, 0, Now - 60_000)],
    };

    [Theory]
    [InlineData("orders", "Service shop/orders, Pod pay/orders, Incident Orders reset, Pod shop/orders-1, EndedPod shop/orders-0")]
    [InlineData(" ORDERS ", "Service shop/orders, Pod pay/orders, Incident Orders reset, Pod shop/orders-1, EndedPod shop/orders-0")]
    [InlineData("shop/orders", "Service shop/orders, Pod shop/orders-1, EndedPod shop/orders-0")]
    [InlineData("op/orders-1", "Pod shop/orders-1")]
    [InlineData("10.1.0.5", "Action Flush of 10.1.0.5, Pod shop/checkout-1, Address 10.1.0.5, Pod shop/orders-1")]
    [InlineData("10.1.0.", "Action Flush of 10.1.0.5, Pod shop/checkout-1, Pod shop/orders-1, EndedPod shop/orders-0")]
    [InlineData("10.96.0.1", "Service shop/orders, Address 10.96.0.1")]
    [InlineData("fd00:10:", "Pod shop/checkout-1")]
    [InlineData("fd00:11:", "")]
    [InlineData("fd00:10:1::5", "Pod shop/checkout-1, Address fd00:10:1::5")]
    [InlineData("node-a", "Node node-a")]
    [InlineData("192.168", "Node node-a")]
    [InlineData("u-2", "Pod shop/checkout-1")]
    [InlineData("flush-0123", "Action Flush of 10.1.0.5")]
    [InlineData("i-1", "Incident Orders reset")]
    [InlineData("resets", "Command Go to Resets")]
    [InlineData("reset", "Command Go to Resets, Incident Orders reset")]
    [InlineData("", "Command Go to Resets")]
    [InlineData("nothing", "")]
    public void Find_Text_OrdersTheHits(string text, string hits) =>
        Assert.Equal(hits, string.Join(", ", PaletteSearch.Find(text, Scene).Select(hit => $"{hit.Kind} {hit.Title}")));

    [Theory]
    [InlineData(".*")]
    [InlineData("orders[")]
    [InlineData("(a+)+$")]
    [InlineData("%")]
    [InlineData("\0")]
    [InlineData("::::::::::::")]
    [InlineData("1:2:3:4:5:6:7:8:9:")]
    [InlineData("12345:")]
    [InlineData("<script>")]
    public void Find_TextWithSpecialCharacters_IsNoPattern(string text) => Assert.Empty(PaletteSearch.Find(text, Scene));

    [Fact]
    public void Find_LongerThanTheField_FindsNothing() => Assert.Empty(PaletteSearch.Find(new string('o', PaletteSearch.MaxText + 1), Scene));

    [Fact]
    public void Find_EachKind_LeadsToItsPage()
    {
        Assert.Equal("/services/shop/orders", Href("shop/orders"));
        Assert.Equal("/nodes/node-a", Href("node-a"));
        Assert.Equal("/?range=15m&pod=10.1.0.50", Href("shop/orders-1"));
        // The live view no longer has an ended pod some minutes later: the link has its window.
        Assert.Equal("/?live=0&from=2027-01-15T07%3A57%3A00.000Z&to=2027-01-15T08%3A00%3A00.000Z&pod=10.1.0.7&uid=u-0", Href("orders-0"));
        Assert.Equal("/resets?range=1h&q=10.9.9.9", Href("10.9.9.9"));
    }

    /// <summary>Of an address all its owners are found, also those that ended, newest first; the present one only as the pod that it is.</summary>
    [Fact]
    public void Find_Address_FindsFormerOwners()
    {
        var history = new OwnershipHistory();
        var ip = Ip.Parse("10.1.0.5");
        history.Restore(
            [
                new OwnerSpan(ip, "u-8", "shop/older-1", "node-a", Now - 900_000, Now - 800_000),
                new OwnerSpan(ip, "u-9", "shop/old-1", "node-b", Now - 700_000, Now - 650_000),
                new OwnerSpan(ip, "u-9", "shop/old-1", "node-b", Now - 650_000, Now - 600_000) { State = OwnerState.Terminating },
                new OwnerSpan(ip, "u-2", "shop/checkout-1", "node-a", Now - 500_000, null),
            ],
            [], [], Now);
        var hits = PaletteSearch.Find("10.1.0.5", Scene with { History = history, Items = [] });
        Assert.Equal(
            ["Pod shop/checkout-1", "EndedPod shop/old-1", "EndedPod shop/older-1", "Address 10.1.0.5", "Pod shop/orders-1"], hits.Select(hit => $"{hit.Kind} {hit.Title}"));
        Assert.Equal("had 10.1.0.5 · node-b · ended 10 min ago", hits[1].Detail);
        Assert.Contains("&uid=u-9", hits[1].Href, StringComparison.Ordinal);
    }

    [Fact]
    public void Find_ManyPods_LeavesPlaceForOtherKinds()
    {
        var snapshot = Scene with { Pods = [.. Enumerable.Range(0, 500).Select(i => Pod($"u-{i}", "shop", $"orders-{i:D3}", "10.3.0.1"))], Nodes = [new NodeInfo("n-1", "the-orders-node", true, [])] };
        var hits = PaletteSearch.Find("orders-", snapshot);
        Assert.Equal(PaletteSearch.MaxHits, hits.Count);
        Assert.Contains(hits, hit => hit.Kind == PaletteKind.Node);
        Assert.Contains(hits, hit => hit.Kind == PaletteKind.EndedPod);
        Assert.Equal("shop/orders-000", hits[0].Title);
    }

    /// <summary>Whatever is typed, a large cluster costs neither memory nor a long list.</summary>
    [Theory]
    [InlineData("checkout")]
    [InlineData("c")]
    [InlineData("shop/checkout-149999")]
    [InlineData("10.")]
    [InlineData("10.2.73.239")]
    [InlineData("fd00:1:")]
    [InlineData("no such pod")]
    public void Find_150000Pods_AllocatesLittle(string text)
    {
        var snapshot = Scene with
        {
            Pods = [.. Enumerable.Range(0, 150_000).Select(i => Pod($"uid-{i}", "shop", $"checkout-{i}", Ip.V4(0x0A000000u + (uint)i), Ip.Parse("fd00:1::1")))],
        };
        PaletteSearch.Find(text, snapshot);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var hits = PaletteSearch.Find(text, snapshot);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(hits.Count, text.StartsWith("no ", StringComparison.Ordinal) ? 0 : 1, PaletteSearch.MaxHits);
        Assert.InRange(allocated, 0, 64 * 1024);
    }

    private static string? Href(string text) => PaletteSearch.Find(text, Scene)[0].Href;

    private static PodInfo Pod(string uid, string ns, string name, params string[] ips) => Pod(uid, ns, name, [.. ips.Select(Ip.Parse)]);

    private static PodInfo Pod(string uid, string ns, string name, params Ip[] ips) =>
        new(uid, ns, name, "node-a", "Running", ips, false, Now - 600_000, null, null, false, null, null);
}
