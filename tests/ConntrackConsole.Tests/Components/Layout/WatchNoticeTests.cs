using Bunit;
using ConntrackConsole.Components.Layout;
using ConntrackConsole.Kubernetes.Parsing;
using Xunit;

namespace ConntrackConsole.Tests.Components.Layout;

public sealed class WatchNoticeTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    [Fact]
    public void Notice_AllKindsWatched_IsHidden()
    {
        _console.AddDeadPod();

        Assert.Empty(_console.Context.Render<WatchNotice>().FindAll("[data-testid=kind-notice]"));
    }

    [Fact]
    public void Notice_OneKindForbidden_ShowsItsMessage()
    {
        _console.AddDeadPod();
        _console.Cluster.SetProblem(Kind("deployments"), "Deployments may not be listed: rollouts are missing.");

        Assert.Equal("Deployments may not be listed: rollouts are missing.", _console.Context.Render<WatchNotice>().Find("summary").TextContent);
    }

    [Fact]
    public void Notice_TwoKindsForbidden_CountsAndListsThem()
    {
        _console.AddDeadPod();
        _console.Cluster.SetProblem(Kind("deployments"), "Deployments may not be listed.");
        _console.Cluster.SetProblem(Kind("events"), "Events may not be listed.");

        var notice = _console.Context.Render<WatchNotice>();

        Assert.Contains("2 resource kinds", notice.Find("summary").TextContent, StringComparison.Ordinal);
        Assert.Equal(2, notice.FindAll("li").Count);
    }

    private static WatchedKind Kind(string name) => WatchedKind.All.Single(kind => kind.Name == name);

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
