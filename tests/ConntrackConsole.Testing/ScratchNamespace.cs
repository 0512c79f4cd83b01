using ConntrackConsole.Kernel.Namespaces;

namespace ConntrackConsole.Testing;

/// <summary>A network namespace with a unique name for one test; removed afterwards.</summary>
internal sealed class ScratchNamespace : IDisposable
{
    private static int _count;

    public ScratchNamespace() => Inside = NetworkNamespace.Create($"cctest-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}");

    public NetworkNamespace Inside { get; }

    public void Dispose()
    {
        Inside.Dispose();
        NetworkNamespace.Delete(Inside.Name);
    }
}
