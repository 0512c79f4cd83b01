using Bunit;
using ConntrackConsole.Components.Layout;
using ConntrackConsole.Kubernetes.Informer;
using Xunit;

namespace ConntrackConsole.Tests.Components.Layout;

public sealed class KindNoticeTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    [Fact]
    public void Notice_EveryKindIsFollowed_IsNotThere()
    {
        _console.TellOfADeadPod();

        Assert.Empty(_console.Context.Render<KindNotice>().FindAll("[data-testid=kind-notice]"));
    }

    [Fact]
    public void Notice_OneKindIsForbidden_SaysItsSentenceAtOnce()
    {
        _console.TellOfADeadPod();
        _console.Cluster.SetProblem(Kind("deployments"), "Deployments may not be listed: rollouts are missing.");

        Assert.Equal("Deployments may not be listed: rollouts are missing.", _console.Context.Render<KindNotice>().Find("summary").TextContent);
    }

    [Fact]
    public void Notice_TwoKindsAreForbidden_CountsThemAndListsBoth()
    {
        _console.TellOfADeadPod();
        _console.Cluster.SetProblem(Kind("deployments"), "Deployments may not be listed.");
        _console.Cluster.SetProblem(Kind("events"), "Events may not be listed.");

        var notice = _console.Context.Render<KindNotice>();

        Assert.Contains("2 kinds of objects", notice.Find("summary").TextContent, StringComparison.Ordinal);
        Assert.Equal(2, notice.FindAll("li").Count);
    }

    private static WatchedKind Kind(string name) => WatchedKind.All.Single(kind => kind.Name == name);

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
