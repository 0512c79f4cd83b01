using ConntrackConsole.Workers;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Workers;

public sealed class RoundWorkerTests
{
    private readonly FakeTimeProvider _clock = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FastRound_IsRepeatedAfterTheInterval()
    {
        using var worker = new Worker(_clock, _ => { });
        await worker.StartAsync(Ct);
        await worker.RoundsAsync(1);
        _clock.Advance(TimeSpan.FromSeconds(1.9));
        await worker.StaysAtAsync(1);
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        await worker.RoundsAsync(2);
        await worker.StopAsync(Ct);
    }

    /// <summary>A round of 300 ms, and at most a twentieth of a core: 5.7 s.</summary>
    [Fact]
    public async Task SlowRound_IsFollowedByALongerPause()
    {
        using var worker = new Worker(_clock, _ => _clock.Advance(TimeSpan.FromMilliseconds(300)));
        await worker.StartAsync(Ct);
        await worker.RoundsAsync(1);
        _clock.Advance(TimeSpan.FromSeconds(5.6));
        await worker.StaysAtAsync(1);
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        await worker.RoundsAsync(2);
        await worker.StopAsync(Ct);
    }

    /// <summary>The first round of a process takes long: what arrives behind it does not wait for a pause of seconds.</summary>
    [Fact]
    public async Task SlowRound_WithinTheBurst_IsFollowedByTheInterval_UntilTheBurstIsSpent()
    {
        using var worker = new Worker(_clock, _ => _clock.Advance(TimeSpan.FromMilliseconds(300)), burst: TimeSpan.FromMilliseconds(800));
        await worker.StartAsync(Ct);
        for (int round = 1; round <= 3; round++)
        {
            await worker.RoundsAsync(round);
            _clock.Advance(TimeSpan.FromSeconds(2));
            await Task.Delay(50, Ct);
        }

        // Two pauses of 2 s have paid 0.21 s back: 300 ms more are 190 ms too much, which is 3.6 s.
        await worker.RoundsAsync(4);
        await worker.StaysAtAsync(4);
        _clock.Advance(TimeSpan.FromSeconds(1.9));
        await worker.StaysAtAsync(4);
        _clock.Advance(TimeSpan.FromSeconds(2));
        await worker.RoundsAsync(5);
        await worker.StopAsync(Ct);
    }

    /// <summary>A sign begins a round within a quarter of a second, once for all that arrives together; not more often.</summary>
    [Fact]
    public async Task UrgentWork_DoesNotWaitForTheInterval()
    {
        using var worker = new Worker(_clock, _ => { });
        await worker.StartAsync(Ct);
        await worker.RoundsAsync(1);
        _clock.Advance(RoundWorker.MinPause);
        await worker.StaysAtAsync(1);
        _clock.Advance(TimeSpan.FromMilliseconds(300));
        await worker.StaysAtAsync(1);
        worker.Urge();
        await worker.StaysAtAsync(1);
        _clock.Advance(RoundWorker.GatherTime);
        await worker.RoundsAsync(2);

        worker.Urge();
        await worker.StaysAtAsync(2);
        _clock.Advance(RoundWorker.MinPause - TimeSpan.FromMilliseconds(1));
        await worker.StaysAtAsync(2);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await Task.Delay(50, Ct);
        _clock.Advance(RoundWorker.GatherTime);
        await worker.RoundsAsync(3);
        await worker.StopAsync(Ct);
    }

    /// <summary>Urgent work takes no larger share of a core than other work.</summary>
    [Fact]
    public async Task UrgentWork_WaitsForThePauseOfASlowRound()
    {
        using var worker = new Worker(_clock, _ => _clock.Advance(TimeSpan.FromMilliseconds(300)));
        await worker.StartAsync(Ct);
        await worker.RoundsAsync(1);
        worker.Urge();
        _clock.Advance(TimeSpan.FromSeconds(5.6));
        await worker.StaysAtAsync(1);
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        await worker.RoundsAsync(2);
        await worker.StopAsync(Ct);
    }

    /// <summary>A signal without anything urgent, as each frame raises, begins no round.</summary>
    [Fact]
    public async Task SignalOfNothingUrgent_BeginsNoRound()
    {
        using var worker = new Worker(_clock, _ => { });
        await worker.StartAsync(Ct);
        await worker.RoundsAsync(1);
        for (int i = 0; i < 7; i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(250));
            worker.Signal();
            await worker.StaysAtAsync(1);
        }

        _clock.Advance(TimeSpan.FromMilliseconds(250));
        await worker.RoundsAsync(2);
        await worker.StopAsync(Ct);
    }

    [Fact]
    public async Task FailingRounds_AreRepeated_AndLoggedOnceUntilOneSucceeds()
    {
        using var worker = new Worker(_clock, round =>
        {
            if (round is 1 or 2 or 4)
                throw new InvalidOperationException("the database is busy");
        });
        await worker.StartAsync(Ct);
        for (int round = 1; round <= 4; round++)
        {
            await worker.RoundsAsync(round);
            _clock.Advance(TimeSpan.FromSeconds(2));
        }

        await worker.RoundsAsync(5);
        Assert.Equal(2, worker.Logged);
        await worker.StopAsync(Ct);
    }

    [Fact]
    public async Task Stop_EndsARoundThatWaits_WithoutALog()
    {
        using var worker = new Worker(_clock, _ => { }, waits: true);
        await worker.StartAsync(Ct);
        await worker.RoundsAsync(1);
        await worker.StopAsync(Ct);
        Assert.True(worker.ExecuteTask!.IsCompletedSuccessfully);
        Assert.Equal(0, worker.Logged);
    }

    private sealed class Worker(FakeTimeProvider clock, Action<int> work, bool waits = false, TimeSpan burst = default) : RoundWorker(TimeSpan.FromSeconds(2), 19, clock, burst)
    {
        private volatile bool _isUrgent;

        public Action Signal { get; private set; } = () => { };

        public void Urge()
        {
            _isUrgent = true;
            Signal();
        }

        protected override bool IsUrgent => _isUrgent;

        protected override IDisposable? Listen(Action wake)
        {
            Signal = wake;
            return null;
        }

        private readonly SemaphoreSlim _done = new(0);
        private int _rounds, _awaited;

        public int Logged { get; private set; }

        public async Task RoundsAsync(int count)
        {
            for (; _awaited < count; _awaited++)
                Assert.True(await _done.WaitAsync(TimeSpan.FromSeconds(20), Ct), $"round {_awaited + 1} did not run");
            // The pause begins behind the round: what advances the clock too early would shorten no pause.
            await Task.Delay(50, Ct);
        }

        public async Task StaysAtAsync(int count)
        {
            await Task.Delay(100, Ct);
            Assert.Equal(count, Volatile.Read(ref _rounds));
        }

        protected override async Task RunRoundAsync(CancellationToken ct)
        {
            int round = Interlocked.Increment(ref _rounds);
            _isUrgent = false;
            _done.Release();
            work(round);
            if (waits)
                await Task.Delay(Timeout.Infinite, ct);
        }

        protected override void LogFailed(Exception failure) => Logged++;
    }
}
