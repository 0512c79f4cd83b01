using ConntrackConsole.Cluster;
using ConntrackConsole.Timeline;
using Microsoft.AspNetCore.Components;

namespace ConntrackConsole.Components.Layout;

/// <summary>A part of the frame that looks once a second whether the data still come, and draws itself only when that changed.</summary>
public abstract class WorldWatcher : ComponentBase, IDisposable
{
    private ITimer? _beat;

    protected World World { get; private set; } = World.Unknown;

    [Inject] private TimelineStore Store { get; set; } = null!;

    [Inject] private ClusterState Cluster { get; set; } = null!;

    [Inject] private TimeProvider Clock { get; set; } = null!;

    protected override void OnInitialized()
    {
        World = Look();
        var second = TimeSpan.FromSeconds(1);
        _beat = Clock.CreateTimer(_ => InvokeAsync(Refresh), null, second, second);
    }

    private void Refresh()
    {
        var world = Look();
        if (world == World)
            return;
        World = world;
        StateHasChanged();
    }

    private World Look() => World.From(Store.Nodes(), Cluster.HasCluster, Cluster.IsReady, Cluster.Age, Cluster.Problem, Clock.GetUtcNow().ToUnixTimeMilliseconds()) with
    {
        KindProblems = string.Join('\n', Cluster.Kinds.Select(kind => kind.Problem).Where(problem => problem is not null && problem != Cluster.Problem).Distinct().Take(12)),
    };

    public void Dispose()
    {
        _beat?.Dispose();
        GC.SuppressFinalize(this);
    }
}
