using ConntrackConsole.Cluster.State;
using ConntrackConsole.Timeline.Live;
using Microsoft.AspNetCore.Components;

namespace ConntrackConsole.Components.State;

/// <summary>Base of layout components that evaluate <see cref="DataHealth"/> once a second and re-render only on a change.</summary>
public abstract class DataHealthMonitor : ComponentBase, IDisposable
{
    private ITimer? _tick;

    private protected DataHealth DataHealth { get; private set; } = DataHealth.Unknown;

    [Inject] private TimelineStore Store { get; set; } = null!;

    [Inject] private ClusterState Cluster { get; set; } = null!;

    [Inject] private TimeProvider Clock { get; set; } = null!;

    [Inject] private Visibility Visibility { get; set; } = null!;

    protected override void OnInitialized()
    {
        DataHealth = Read();
        var second = TimeSpan.FromSeconds(1);
        _tick = Clock.CreateTimer(_ => Wake(), null, second, second);
        Visibility.Shown += Wake;
    }

    private void Wake()
    {
        if (!Visibility.IsHidden)
            _ = InvokeAsync(Refresh);
    }

    private void Refresh()
    {
        var current = Read();
        if (current == DataHealth)
            return;
        DataHealth = current;
        StateHasChanged();
    }

    private DataHealth Read() => DataHealth.From(Store.Nodes(), Cluster.HasCluster, Cluster.IsReady, Cluster.Age, Cluster.Problem, Clock.GetUtcNow().ToUnixTimeMilliseconds()) with
    {
        KindProblems = string.Join('\n', Cluster.Kinds.Select(kind => kind.Problem).Where(problem => problem is not null && problem != Cluster.Problem).Distinct().Take(12)),
    };

    public void Dispose()
    {
        Visibility.Shown -= Wake;
        _tick?.Dispose();
        GC.SuppressFinalize(this);
    }
}
