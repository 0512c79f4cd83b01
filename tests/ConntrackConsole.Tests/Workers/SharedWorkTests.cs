using ConntrackConsole.Workers;
using Xunit;

namespace ConntrackConsole.Tests.Workers;

public sealed class SharedWorkTests
{
    private readonly SharedWork<string, int> _shared = new();
    private readonly TaskCompletionSource<int> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously), _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _runs;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SameQuestion_WhileItIsUnderWay_IsAnsweredOnce()
    {
        Task<int> first = _shared.RunAsync("a", WorkAsync, Ct), second = _shared.RunAsync("a", WorkAsync, Ct), other = _shared.RunAsync("b", _ => Task.FromResult(8), Ct);
        _result.SetResult(7);

        Assert.Equal((7, 7, 8, 1), (await first, await second, await other, _runs));
    }

    [Fact]
    public async Task SameQuestion_AfterTheAnswer_IsAnsweredAgain()
    {
        _result.SetResult(7);
        await _shared.RunAsync("a", WorkAsync, Ct);
        await _shared.RunAsync("a", WorkAsync, Ct);

        Assert.Equal(2, _runs);
    }

    [Fact]
    public async Task OneWhoLeaves_DoesNotEndTheWorkOfAnother()
    {
        using var leaves = new CancellationTokenSource();
        Task<int> first = _shared.RunAsync("a", WorkAsync, leaves.Token), second = _shared.RunAsync("a", WorkAsync, Ct);
        await _begun.Task;
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.False(_ended.Task.IsCompleted);
        _result.SetResult(7);

        Assert.Equal((7, 1), (await second, _runs));
    }

    [Fact]
    public async Task LastWhoLeaves_EndsTheWork()
    {
        using var leaves = new CancellationTokenSource();
        Task<int> first = _shared.RunAsync("a", WorkAsync, leaves.Token), second = _shared.RunAsync("a", WorkAsync, leaves.Token);
        await _begun.Task;
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        await _ended.Task.WaitAsync(TimeSpan.FromSeconds(30), Ct);

        // And the next starts it again.
        _result.SetResult(7);
        Assert.Equal((7, 2), (await _shared.RunAsync("a", WorkAsync, Ct), _runs));
    }

    [Fact]
    public async Task Failure_ReachesAllWhoWait()
    {
        Task<int> first = _shared.RunAsync("a", WorkAsync, Ct), second = _shared.RunAsync("a", WorkAsync, Ct);
        _result.SetException(new IOException("the disk"));

        await Assert.ThrowsAsync<IOException>(() => first);
        await Assert.ThrowsAsync<IOException>(() => second);
    }

    private async Task<int> WorkAsync(CancellationToken end)
    {
        Interlocked.Increment(ref _runs);
        _begun.TrySetResult();
        try
        {
            return await _result.Task.WaitAsync(end);
        }
        catch (OperationCanceledException)
        {
            _ended.TrySetResult();
            throw;
        }
    }
}
