namespace ConntrackConsole.Collector.Journal;

/// <summary>
/// The right to act: one flush and one change of a setting at a time on a node, whichever process asks. Who holds it knows that
/// an act without an end in the journal was cut off, as nobody else can be at it.
/// </summary>
internal sealed class FileLock : IDisposable
{
    private readonly FileStream _held;

    private FileLock(FileStream held) => _held = held;

    /// <param name="stateDirectory">Where the journal is.</param>
    /// <param name="what">flush or setting.</param>
    /// <param name="wait">How long to wait for another to end.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <returns>Null where another still acts.</returns>
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
