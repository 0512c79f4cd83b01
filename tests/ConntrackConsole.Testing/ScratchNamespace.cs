
using ConntrackConsole.Kernel.Namespaces;

namespace ConntrackConsole.Testing;

/// <summary>A network namespace for one test, with a name of its own; gone afterwards.</summary>
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
