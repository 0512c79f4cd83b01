namespace ConntrackConsole.Collector.Journal;

/// <summary>
/// Lock between processes: one flush and one setting change at a time on a node. While it is held, an action without an end in
/// the journal was interrupted, because no other process can be executing it.
/// </summary>
internal sealed class FileLock : IDisposable
{
    private readonly FileStream _held;

    private FileLock(FileStream held) => _held = held;

    /// <param name="stateDirectory">Where the journal is.</param>
    /// <param name="what">flush or setting.</param>
    /// <param name="wait">How long to wait for the current holder.</param>
    /// <param name="stop">Cancels the wait.</param>
    /// <returns>Null if another process still holds it.</returns>
    /// <exception cref="IOException">The directory cannot be used.</exception>
    public static FileLock? TryTake(string stateDirectory, string what, TimeSpan wait, CancellationToken stop = default)
    {
        string path = Path.Combine(stateDirectory, what + ".lock");
        long until = Environment.TickCount64 + (long)wait.TotalMilliseconds;
        while (true)
        {
            try
            {
                return new FileLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException failure) when (failure is not (DirectoryNotFoundException or FileNotFoundException) && File.Exists(path))
            {
                if (Environment.TickCount64 >= until || stop.WaitHandle.WaitOne(10))
                    return null;
            }
        }
    }

    public void Dispose() => _held.Dispose();
}
