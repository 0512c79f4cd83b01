using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackConsole.Tests.Integration.Hosting;

/// <summary>A clock that runs as fast as the machine's and can be set on: minutes of waiting pass at once, timers and all.</summary>
public sealed class RunningClock : IDisposable
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly Stopwatch _real = Stopwatch.StartNew();
    private readonly Timer _pace;
    private readonly Lock _lock = new();
    private TimeSpan _gone;

    public RunningClock() => _pace = new Timer(_ => Follow(), null, 10, 10);

    public TimeProvider Time => _time;

    public void Pass(TimeSpan time) => _time.Advance(time);

    public void Dispose() => _pace.Dispose();

    private void Follow()
    {
        // What waits for a timer may go on in this thread, and take its time.
        if (!_lock.TryEnter())
            return;
        try
        {
            var now = _real.Elapsed;
            _time.Advance(now - _gone);
            _gone = now;
        }
        finally
        {
            _lock.Exit();
        }
    }
}
