using Bunit;
using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Components.Text;
using Xunit;

namespace ConntrackConsole.Tests.Components.Controls.Timeline;

/// <summary>The nodes below the chart, each with a link to its page.</summary>
public sealed class NodeTableTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    [Theory]
    [InlineData("node/a", false, "/nodes/node%2Fa")]
    [InlineData("node-a", true, "/nodes/node-a?tz=local")]
    public void Row_LinksToThePageOfItsNode(string node, bool local, string href)
    {
        var table = _console.Context.Render<NodeTable>(parameters => parameters
            .Add(table => table.View, Views.Of() with { Nodes = [Views.Node(node)] }).Add(table => table.Viewer, ViewerClock.For(local, null)));

        Assert.Equal(href, table.Find("[data-testid=node-row] a").GetAttribute("href"));
    }

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
