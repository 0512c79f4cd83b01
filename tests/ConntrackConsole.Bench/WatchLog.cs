using System.Collections.Concurrent;

namespace ConntrackConsole.Bench;

/// <summary>The events of a synthetic cluster, which every watch receives from its version on.</summary>
internal sealed class WatchLog : IDisposable
{
    /// <summary>The version of the objects before the first event.</summary>
    public const long FirstVersion = 5_000_000;

    private readonly ConcurrentDictionary<string, List<(long Version, byte[] Line)>> _lines = new();
    private readonly CancellationTokenSource _closed = new();
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _version = FirstVersion;

    public long Version => Volatile.Read(ref _version);

    /// <summary>Appends an event: its object is written with the version that it gets.</summary>
    public void Add(string kind, string type, Action<Stream, long> write)
    {
        long version = Interlocked.Increment(ref _version);
        using var line = new MemoryStream();
        line.Write(System.Text.Encoding.UTF8.GetBytes($"{{\"type\":\"{type}\",\"object\":"));
        write(line, version);
        line.Write("}\n"u8);
        var lines = _lines.GetOrAdd(kind, _ => []);
        lock (lines)
            lines.Add((version, line.ToArray()));
        Interlocked.Exchange(ref _more, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    /// <summary>Sends the events of a kind until the watch or the server ends.</summary>
    public async Task CopyAsync(string kind, long after, Stream to, CancellationToken aborted)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(aborted, _closed.Token);
        var lines = _lines.GetOrAdd(kind, _ => []);
        try
        {
            while (true)
            {
                var more = Volatile.Read(ref _more).Task;
                List<(long Version, byte[] Line)> next;
                lock (lines)
                    next = lines.FindAll(line => line.Version > after);
                foreach (var (version, line) in next)
                {
                    await to.WriteAsync(line, ended.Token);
                    after = version;
                }

                await to.FlushAsync(ended.Token);
                await more.WaitAsync(ended.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The console or the server has ended.
        }
    }

    /// <summary>Ends every watch.</summary>
    public void Dispose()
    {
        _closed.Cancel();
        _closed.Dispose();
    }
}
