using Bunit;
using ConntrackConsole.Components.Controls.Findings;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Findings;
using ConntrackConsole.Findings.Explanation;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Tests.Findings;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Findings.FindingScene;

namespace ConntrackConsole.Tests.Components.Controls.Findings;

/// <summary>The cards above the chart, from the findings of real frames.</summary>
public sealed class FindingCardsTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    [Fact]
    public async Task BlackHole_ShowsWhatSinceWhomWhy_AndOffersTheFlush()
    {
        using var scene = await BlackHoleAsync();
        string? flushed = null;
        var cards = Render(scene.Round(), ip => flushed = ip);

        var card = cards.Find("[data-testid=finding]");
        Assert.Equal("mechanism.black_hole", card.GetAttribute("data-code"));
        Assert.Equal(card.QuerySelector("h2")!.Id, card.GetAttribute("aria-labelledby"));
        Assert.Contains("M4 Black hole: the pod or its node is gone", Flat(card.QuerySelector("h2")!.TextContent), StringComparison.Ordinal);
        string whom = Flat(card.QuerySelector("[data-testid=finding-whom]")!.TextContent);
        Assert.Contains("shop/checkout, shop/checkout-a.", whom, StringComparison.Ordinal);
        Assert.Contains("3 of 3 connections in use hang, clients on node1", whom, StringComparison.Ordinal);
        Assert.NotNull(card.QuerySelector("time"));
        Assert.Equal(2, card.QuerySelectorAll("[data-testid=finding-evidence] li").Length);
        Assert.Contains("Refuted by: any packet from the address", card.TextContent, StringComparison.Ordinal);
        Assert.Contains("tcp_loose=0", card.QuerySelector("[data-testid=finding-harmful]")!.TextContent, StringComparison.Ordinal);

        var flush = card.QuerySelector("[data-testid=finding-flush]")!;
        Assert.Equal("BUTTON", flush.TagName);
        cards.Find("[data-testid=finding-flush]").Click();
        Assert.Equal(PodIp, flushed);
        Assert.Equal($"/findings/{scene.Monitor.Current.Findings[0].Id}", card.QuerySelector("[data-testid=finding-explain]")!.GetAttribute("href"));
    }

    [Fact]
    public async Task BlackHole_WhileFlushesAreBlocked_HasNoStepThatWorks_AndTheReason()
    {
        using var scene = await BlackHoleAsync();
        var cards = Render(scene.Round(), _ => { }, "The cluster data is stale.");
        Assert.True(cards.Find("[data-testid=finding-flush]").HasAttribute("disabled"));
        Assert.Contains("The cluster data is stale.", cards.Find("[data-testid=finding-step]").TextContent, StringComparison.Ordinal);
    }

    /// <summary>A card of a window that is over links to the finding of that window.</summary>
    [Fact]
    public async Task StoredBlackHole_LinksToItsWindow()
    {
        using var scene = await BlackHoleAsync();
        var report = scene.Round();
        string href = FindingSummarizer.Of(report, null, null, isStored: true).Cards[0].Href;
        var query = UrlQuery.Of(href);
        Assert.Equal((report.FromMs, report.ToMs), (query.Time("from"), query.Time("to")));
    }

    /// <summary>All of the address would end the connections to its new owner.</summary>
    [Fact]
    public async Task AddressReused_OffersTheFlushOfTheServicesEntriesOnly()
    {
        using var scene = await FindingTests.CalmAsync();
        scene.Apply(new ConntrackConsole.Cluster.Model.SliceChange(Objects.Slice(Objects.Ready(B)), false), new ConntrackConsole.Cluster.Model.PodChange(A, true));
        scene.Run(5);
        scene.Apply(new ConntrackConsole.Cluster.Model.PodChange(Objects.Pod("c", PodIp), false));
        scene.Run(2);
        scene.Reset("node1", ResetKind.FromBackend, 40_000);
        scene.Run(3);
        var flush = Assert.Single(Assert.Single(FindingSummarizer.Of(scene.Round(), null, null).Cards).Flushes);
        Assert.Equal(new FlushTarget(PodIp, new FlushScope("tcp", Objects.Vip, 80)), flush);
        Assert.Contains("this Service's entries", FindingCards.Flush(flush), StringComparison.Ordinal);
    }

    [Fact]
    public async Task EndedBlackHole_OffersNoFlush()
    {
        using var scene = await BlackHoleAsync();
        scene.Lookup("node1", 0, 0);
        scene.Entries("node1", Group(), FlowState.Established, 0);
        scene.Run(5);
        var cards = Render(scene.Round());
        Assert.Empty(cards.FindAll("[data-testid=finding-flush]"));
        Assert.Contains("It has ended", cards.Find("[data-testid=finding-step]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task InvalidSegments_OfTwoPods_AreOneCard_WithTheClients_AndAStepWithoutFlush()
    {
        using var scene = await FindingTests.CalmAsync();
        scene.Reset("node1", ResetKind.UnNated, 40_000);
        scene.Reset("node1", ResetKind.UnNated, 40_001, OtherIp);
        scene.Invalid("node1", 4);
        scene.Run(3);
        var cards = Render(scene.Round());

        string card = Flat(Assert.Single(cards.FindAll("[data-testid=finding]")).TextContent);
        Assert.Contains("2 of 2 resets, 1 client: shop/checkout-client", card, StringComparison.Ordinal);
        Assert.Contains("Next: net.netfilter.nf_conntrack_tcp_be_liberal=1", card, StringComparison.Ordinal);
        Assert.Contains("do not flush: the pod is alive", card, StringComparison.Ordinal);
        Assert.Empty(cards.FindAll("button"));
    }

    /// <summary>Signs without proof: one line, and nothing looks calm.</summary>
    [Fact]
    public async Task LostEvents_AreALineWithWhatIsMissing()
    {
        using var scene = await FindingTests.CalmAsync();
        scene.Reset("node1", ResetKind.UnNated, 40_000);
        scene.Invalid("node1", 2);
        scene.Next("node1", frame => frame.Gaps.Add(new Gap(GapKind.EventsLost, frame.AtMs - 1_000, frame.AtMs, 10)));
        scene.Run(3);
        var cards = Render(scene.Round());
        Assert.Empty(cards.FindAll("[data-testid=finding]"));
        Assert.Contains("Insufficient evidence for M1, M2 and M10: missing what became of the entries", cards.Find("[data-testid=finding-missing]").TextContent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no live pod has it", "No live pod has it")]
    [InlineData("net.netfilter.nf_conntrack_max=1", "net.netfilter.nf_conntrack_max=1")]
    [InlineData("nf_conntrack_tcp_loose=1: picked up", "nf_conntrack_tcp_loose=1: picked up")]
    [InlineData("insert_failed rises", "insert_failed rises")]
    [InlineData("drain.", "Drain.")]
    [InlineData("", "")]
    public void Sentence_KeepsTheNamesOfSettings(string text, string sentence) => Assert.Equal(sentence, FindingText.Sentence(text));

    [Fact]
    public async Task CalmCluster_AndAnotherService_ShowNothing()
    {
        using var calm = await FindingTests.CalmAsync();
        Assert.Equal("", Render(calm.Round()).Markup.Trim());
        using var broken = await BlackHoleAsync();
        Assert.True(FindingSummarizer.Of(broken.Round(), "other", "service").IsEmpty);
        Assert.False(FindingSummarizer.Of(broken.Round(), "shop", "checkout").IsEmpty);
    }

    private static async Task<FindingScene> BlackHoleAsync()
    {
        var scene = await FindingTests.CalmAsync();
        scene.Apply(new ConntrackConsole.Cluster.Model.SliceChange(Objects.Slice(Objects.Ready(B)), false), new ConntrackConsole.Cluster.Model.PodChange(A, true));
        scene.Run(1);
        scene.Lookup("node1", 3, 3);
        scene.Run(14);
        return scene;
    }

    private IRenderedComponent<FindingCards> Render(FindingReport report, Action<string>? flush = null, string? blocked = null) => _console.Context.Render<FindingCards>(parameters => parameters
        .Add(cards => cards.Summary, FindingSummarizer.Of(report, null, null)).Add(cards => cards.NowMs, report.ToMs).Add(cards => cards.Blocked, blocked)
        .Add(cards => cards.OnFlush, (FlushTarget target) => flush?.Invoke(target.PodIp)));

    private static string Flat(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
