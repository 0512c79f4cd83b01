using ConntrackConsole.Kubernetes.Informer;

namespace ConntrackConsole.Tests.Recordings;

/// <summary>An informer that runs until it is disposed.</summary>
internal sealed class RunningInformer : IAsyncDisposable
{
    private readonly ClusterInformer _informer;

    public RunningInformer(ClusterInformer informer)
    {
        _informer = informer;
        _ = informer.StartAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _informer.StopAsync(CancellationToken.None);
        _informer.Dispose();
    }
}
