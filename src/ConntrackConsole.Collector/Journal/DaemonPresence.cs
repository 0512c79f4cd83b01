namespace ConntrackConsole.Collector.Journal;

/// <summary>
/// Shows commands run on the node that a daemon with the same state directory is running and will revert changes.
/// </summary>
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
            // A command is checking at this moment; the next second is early enough.
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
