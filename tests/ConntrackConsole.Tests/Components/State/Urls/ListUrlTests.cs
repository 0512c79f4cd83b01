using ConntrackConsole.Components.State;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Components.State.Urls;

/// <summary>The state of the lists is what their URLs contain.</summary>
public class ListUrlTests
{
    private const long NowMs = 1_800_000_000_000;

    public static TheoryData<string> Resets =>
    [
        "?range=5m", "?range=24h&kind=refusedSyn", "?range=5m&ns=shop&svc=shop%2Forders&node=node-a&q=a%26b%3Dc", "?live=0&from=2027-01-15T07%3A00%3A00.000Z&to=2027-01-15T07%3A30%3A00.000Z&kind=other",
    ];

    [Theory]
    [MemberData(nameof(Resets))]
    public void Resets_RoundTrip(string query)
    {
        var state = ResetsState.Parse("http://localhost/resets" + query, NowMs);
        Assert.Equal(state, ResetsState.Parse("http://localhost/resets" + Query(state.ToQuery(false)), NowMs));
        Assert.Equal(query.Contains("kind", StringComparison.Ordinal), state.Kind is not null);
    }

    [Theory]
    [InlineData("/resets", null, null, null, null)]
    [InlineData("/resets?ns=shop&svc=or%26ders&kind=unNated", "shop", "or&ders", null, ResetKind.UnNated)]
    [InlineData("/resets?node=n%201", null, null, "n 1", null)]
    public void Resets_Page_IsALink(string href, string? ns, string? service, string? node, ResetKind? kind)
    {
        Assert.Equal(href, ResetsState.Page(ns, service, node, kind));
        var state = ResetsState.Parse("http://localhost" + href, NowMs);
        Assert.Equal((ns, service, node, kind), (state.Namespace, state.Service, state.Node, state.Kind));
    }

    [Theory]
    [InlineData("?q=a&sort=table&desc=1", "a", "table", true)]
    [InlineData("?sort=a-column-of-a-later-version&desc=1", null, null, false)]
    [InlineData("?sort=table&desc=true", null, "table", false)]
    public void Nodes_Parse(string query, string? text, string? sort, bool isDescending) =>
        Assert.Equal(new NodesUrl(text, new ListSort(sort, isDescending)), NodesUrl.Parse("http://localhost/nodes" + query));

    [Fact]
    public void LongValues_AreIgnored()
    {
        string text = new('a', 201);
        Assert.Null(NodesUrl.Parse($"http://localhost/nodes?q={text}").Text);
        Assert.Equal(ServicesUrl.Everything, ServicesUrl.Parse($"http://localhost/services?q={text}&ns={text}"));
        Assert.Null(ResetsState.Parse($"http://localhost/resets?q={text}", NowMs).Text);
    }

    [Fact]
    public void Actions_OfANode_RoundTrip() => Assert.Equal("node a", ActionsUrl.Parse("http://localhost" + ActionsUrl.OfNode("node a")).Node);

    [Fact]
    public void Pages_EscapeNames()
    {
        Assert.Equal("/nodes/a%2Fb%3F", NodesUrl.Page("a/b?"));
        Assert.Equal("/services/a%2Fb/%23c", ServicesUrl.Page("a/b", "#c"));
    }

    private static string Query(Dictionary<string, object?> query) =>
        "?" + string.Join('&', query.Where(part => part.Value is not null).Select(part => $"{part.Key}={Uri.EscapeDataString((string)part.Value!)}"));
}
