namespace ConntrackConsole.Collector.Journal;

/// <summary>Tells commands typed on the node that a daemon of the same state directory runs, which sets changes back.</summary>
internal sealed class DaemonPresence(string stateDirectory) : IDisposable
{
    private FileStream? _held;

    public void Announce()
    {
        try
        {
            _held ??= Open(stateDirectory);
        }
        catch (IOException)
        {
            // A command looks at this very moment; the next second is early enough.
        }
    }

    public static bool IsRunning(string stateDirectory)
    {
        try
        {
            Open(stateDirectory).Dispose();
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public void Dispose() => _held?.Dispose();

    private static FileStream Open(string stateDirectory) =>
        new(Path.Combine(stateDirectory, "daemon.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
}
