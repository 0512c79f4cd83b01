using ConntrackConsole.Components.Controls.Findings;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Findings.Stored;
using Xunit;

namespace ConntrackConsole.Tests.Components.Controls.Findings;

/// <summary>When the findings of a fixed range are read.</summary>
public sealed class WindowFindingsTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();
    private readonly WindowFindings _findings;
    private int _done;

    public WindowFindingsTests() => _findings = new WindowFindings(_console.Get<FindingMonitor>(), _console.Get<StoredFindings>(), _console.Clock);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private long NowMs => _console.Clock.GetUtcNow().ToUnixTimeMilliseconds();

    public ValueTask DisposeAsync() => _console.DisposeAsync();

    [Fact]
    public async Task Range_IsReadOnce_AndAgainAfterAMinute()
    {
        long toMs = NowMs - 60_000;
        await ReadAsync(toMs - 60_000, toMs);
        Assert.NotNull(Of(toMs - 60_000, toMs));
        Assert.Equal(1, _done);

        _console.Clock.Advance(TimeSpan.FromSeconds(61));
        Assert.Null(Of(toMs - 60_000, toMs));
        await Eventually.TrueAsync(() => _done == 2);
    }

    /// <summary>Each refresh of its page would read it again, and its end would refresh the page.</summary>
    [Fact]
    public async Task Range_ThatEndsInTheFuture_IsReadOnce()
    {
        long fromMs = NowMs - 60_000, toMs = NowMs + 3_600_000;
        await ReadAsync(fromMs, toMs);
        _console.Clock.Advance(TimeSpan.FromMilliseconds(1));

        var report = Of(fromMs, toMs);

        Assert.Equal(NowMs - 1, report?.ToMs);
        Assert.Equal(1, _done);
    }

    [Fact]
    public async Task CancelledReading_IsBegunAgain()
    {
        long toMs = NowMs - 60_000;
        Assert.Null(_findings.Of(toMs - 60_000, toMs, () => _done++, new CancellationToken(true)));

        await ReadAsync(toMs - 60_000, toMs);
        Assert.NotNull(Of(toMs - 60_000, toMs));
    }

    private ConntrackConsole.Findings.FindingReport? Of(long fromMs, long toMs) => _findings.Of(fromMs, toMs, () => Interlocked.Increment(ref _done), Ct);

    private async Task ReadAsync(long fromMs, long toMs)
    {
        Of(fromMs, toMs);
        await Eventually.TrueAsync(() => _done == 1);
    }
}
