using System.Data.Common;
using System.Threading.Channels;

namespace ConntrackConsole.Audit;

/// <summary>Copies every row to a file, in order, behind the acts: they never wait for it. What could not be copied follows later.</summary>
internal sealed partial class AuditForward(AuditLog log, ForwardFile file, TimeProvider time, ILogger<AuditForward> logger) : BackgroundService
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Channel<bool> _signals = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly SemaphoreSlim _turn = new(1);
    private AuditHead? _last;
    private DateTimeOffset? _told;

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
        // The row of the end as well.
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
                    // Another console on the same database may have added something, and a full disk may have room again.
                }

                await CatchUpAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end.
        }
    }

    /// <returns>Whether everything is in the file.</returns>
    public async Task<bool> CatchUpAsync(CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            // A file that was moved away goes on where it was; one that belongs to another log begins anew.
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
            Tell(e);
            return false;
        }
        finally
        {
            file.Dispose();
            _turn.Release();
        }
    }

    private void Signal() => _signals.Writer.TryWrite(true);

    private void Tell(Exception e)
    {
        var now = time.GetUtcNow();
        if (_told is { } before && now - before < Minute)
            return;
        _told = now;
        LogBehind(file.Path, e.Message);
    }

    public override void Dispose()
    {
        file.Dispose();
        _turn.Dispose();
        base.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Audit rows cannot be forwarded to {File} ({Fault}). They are in the database, and follow as soon as the file can be written.")]
    private partial void LogBehind(string file, string fault);
}
