namespace ConntrackConsole.Accuracy;

/// <summary>Keeps processors busy, as the neighbours of a node do, until it is disposed.</summary>
internal sealed class BusyLoops : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Thread> _threads = [];

    public BusyLoops(int count)
    {
        for (int i = 0; i < count; i++)
        {
            var thread = new Thread(() =>
            {
                for (uint value = 1; !_stop.IsCancellationRequested;)
                    value = (value * 1_664_525) + 1_013_904_223;
            })
            { IsBackground = true, Name = $"busy {i}" };
            thread.Start();
            _threads.Add(thread);
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        foreach (var thread in _threads)
            thread.Join();
        _stop.Dispose();
    }
}
