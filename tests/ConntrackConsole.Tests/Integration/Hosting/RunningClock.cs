using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackConsole.Tests.Integration.Hosting;

/// <summary>A clock that runs at the speed of the system clock and can be advanced: minutes of waiting pass at once, including timers.</summary>
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
        // A continuation that waits for a timer may run on this thread, and take its time.
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
