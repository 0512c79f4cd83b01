using ConntrackConsole.Cluster.State;
using ConntrackConsole.Timeline.Live;
using Microsoft.AspNetCore.Components;

namespace ConntrackConsole.Components.State;

/// <summary>A part of the frame that looks once a second whether the data still come, and draws itself only when that changed.</summary>
public abstract class DataHealthMonitor : ComponentBase, IDisposable
{
    private ITimer? _beat;

    protected DataHealth DataHealth { get; private set; } = DataHealth.Unknown;

    [Inject] private TimelineStore Store { get; set; } = null!;

    [Inject] private ClusterState Cluster { get; set; } = null!;

    [Inject] private TimeProvider Clock { get; set; } = null!;

    protected override void OnInitialized()
    {
        DataHealth = Look();
        var second = TimeSpan.FromSeconds(1);
        _beat = Clock.CreateTimer(_ => InvokeAsync(Refresh), null, second, second);
    }

    private void Refresh()
    {
        var world = Look();
        if (world == DataHealth)
            return;
        DataHealth = world;
        StateHasChanged();
    }

    private DataHealth Look() => DataHealth.From(Store.Nodes(), Cluster.HasCluster, Cluster.IsReady, Cluster.Age, Cluster.Problem, Clock.GetUtcNow().ToUnixTimeMilliseconds()) with
    {
        KindProblems = string.Join('\n', Cluster.Kinds.Select(kind => kind.Problem).Where(problem => problem is not null && problem != Cluster.Problem).Distinct().Take(12)),
    };

    public void Dispose()
    {
        _beat?.Dispose();
        GC.SuppressFinalize(this);
    }
}
