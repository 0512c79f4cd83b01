using System.Data.Common;
using System.Threading.Channels;

namespace ConntrackConsole.Audit;

/// <summary>Copies every row to a file, in order, asynchronously: actions never wait for it. Rows that cannot be copied are retried later.</summary>
internal sealed partial class AuditForward(AuditLog log, ForwardFile file, TimeProvider time, ILogger<AuditForward> logger) : BackgroundService
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Channel<bool> _signals = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly SemaphoreSlim _copying = new(1);
    private AuditHead? _last;
    private DateTimeOffset? _loggedAt;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        log.Appended += Signal;
        Signal();
        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        log.Appended -= Signal;
        await base.StopAsync(cancellationToken);
        // Include the row about the shutdown.
        await CatchUpAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var signal = _signals.Reader.ReadAsync(stoppingToken).AsTask();
        try
        {
            while (true)
            {
                try
                {
                    await signal.WaitAsync(Minute, time, stoppingToken);
                    signal = _signals.Reader.ReadAsync(stoppingToken).AsTask();
                }
                catch (TimeoutException)
                {
                    // Another console on the same database may have added rows, and a full disk may have space again.
                }

                await CatchUpAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Shutdown.
        }
    }

    /// <returns>Whether everything is in the file.</returns>
    public async Task<bool> CatchUpAsync(CancellationToken ct)
    {
        await _copying.WaitAsync(ct);
        try
        {
            // After the file was moved away, copying continues; a file of another log is started from the first row.
            var last = file.Open() ?? _last;
            long after = last is { } head && (await log.FindAsync(head.Row, ct))?.Hash is { } hash && hash == head.Hash ? head.Row : 0;
            await foreach (var row in log.FollowAsync(after, ct))
            {
                file.Append(row);
                last = new AuditHead(row.Id, row.Hash ?? "");
            }

            file.Flush();
            _last = last;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DbException)
        {
            LogThrottled(e);
            return false;
        }
        finally
        {
            file.Dispose();
            _copying.Release();
        }
    }

    private void Signal() => _signals.Writer.TryWrite(true);

    private void LogThrottled(Exception e)
    {
        var now = time.GetUtcNow();
        if (_loggedAt is { } before && now - before < Minute)
            return;
        _loggedAt = now;
        LogBehind(file.Path, e.Message);
    }

    public override void Dispose()
    {
        file.Dispose();
        _copying.Dispose();
        base.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Failed to forward audit rows to {File} ({Error}); will retry. The rows are in the database.")]
    private partial void LogBehind(string file, string error);
}
