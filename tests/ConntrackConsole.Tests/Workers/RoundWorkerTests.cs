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

    private sealed class Worker(FakeTimeProvider clock, Action<int> work, bool waits = false) : RoundWorker(TimeSpan.FromSeconds(2), 19, clock)
    {
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
            _done.Release();
            work(round);
            if (waits)
                await Task.Delay(Timeout.Infinite, ct);
        }

        protected override void LogFailed(Exception failure) => Logged++;
    }
}
