using System.Data.Common;
using System.Threading.Channels;
using ConntrackConsole.Audit;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings.Webhook;

/// <summary>
/// Posts each finding that opens or closes, in order and at least once. The queue is the audit log, which has a row for each: the diagnosis
/// never waits for the receiver, and a restart continues where posting had come to. What waits is bounded.
/// </summary>
internal sealed partial class WebhookForwarder(
    AuditLog audit, FindingMonitor monitor, WebhookClient client, DeliveryPosition position, string externalUrl, TimeProvider time, ILogger<WebhookForwarder> log) : BackgroundService
{
    /// <summary>Maximum number of findings that wait; the newest are kept.</summary>
    public const int MaxQueued = 1_000;

    /// <summary>How often a message is posted that the receiver rejects.</summary>
    public const int MaxRejections = 5;

    private const int MaxDetails = FindingLog.MaxOpen;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Channel<bool> _signals = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Backoff _backoff = new() { Min = TimeSpan.FromSeconds(1), Max = Minute, Jitter = 0.5 };
    // A finding that closes is not derived any more: its evidence is that of its last message.
    private readonly Dictionary<string, ObservedFinding> _details = [];
    private AuditHead? _position;
    private DateTimeOffset? _failedAt;
    private bool _failing;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        audit.Appended += Signal;
        Signal();
        return base.StartAsync(cancellationToken);
    }

    public override Task StopAsync(CancellationToken cancellationToken)
    {
        audit.Appended -= Signal;
        return base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await CatchUpAsync(stoppingToken);
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                var signal = _signals.Reader.ReadAsync(limit.Token).AsTask();
                await Task.WhenAny(signal, Task.Delay(Minute, time, limit.Token));
                await limit.CancelAsync();
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure) when (failure is DbException or IOException or UnauthorizedAccessException)
            {
                Failed(failure.Message);
                await Task.Delay(_backoff.Next(), time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // Everything that was recorded since the last message.
    private async Task CatchUpAsync(CancellationToken ct)
    {
        _position ??= await BeginAsync();
        var queue = new Queue<AuditEntry>();
        int dropped = 0;
        var last = _position.Value;
        await foreach (var row in audit.FollowAsync(last.Row, ct))
        {
            last = new AuditHead(row.Id, row.Hash ?? "");
            if (row.What is not (FindingAudit.Opened or FindingAudit.Closed))
                continue;
            queue.Enqueue(row with { Details = null });
            if (queue.Count > MaxQueued)
            {
                queue.Dequeue();
                dropped++;
            }
        }

        if (dropped > 0)
            LogDropped(dropped, WebhookCodes.Dropped);
        foreach (var row in queue)
        {
            await DeliverAsync(row, ct);
            _position = new AuditHead(row.Id, row.Hash ?? "");
            position.Write(_position.Value);
        }

        _position = last;

        // Where an earlier run had come to; findings that opened before the webhook was configured, or in another log, are posted once.
        async Task<AuditHead> BeginAsync()
        {
            if (position.Read() is { } saved && (await audit.FindAsync(saved.Row, ct))?.Hash == saved.Hash)
                return saved;
            var newest = (await audit.ListAsync(new AuditFilter(Limit: 1), ct)) is [{ } row] ? new AuditHead(row.Id, row.Hash ?? "") : default;
            var closed = (await audit.ListAsync(new AuditFilter(What: FindingAudit.Closed, Limit: MaxQueued), ct)).Select(entry => entry.ActionId).ToHashSet(StringComparer.Ordinal);
            foreach (var opened in (await audit.ListAsync(new AuditFilter(What: FindingAudit.Opened, Limit: MaxQueued), ct)).Reverse())
            {
                if (opened.Id <= newest.Row && !closed.Contains(opened.ActionId))
                    await DeliverAsync(opened, ct);
            }

            if (newest.Row > 0)
                position.Write(newest);
            return newest;
        }
    }

    private async Task DeliverAsync(AuditEntry row, CancellationToken ct)
    {
        byte[] body = WebhookMessage.Of(AlertBuilder.Of(row, await OpenedAsync(row, ct), DetailsOf(row), externalUrl), externalUrl).ToBytes();
        for (int rejections = 0; ;)
        {
            var result = await client.PostAsync(body, ct);
            if (result.IsDelivered)
            {
                Succeeded();
                return;
            }

            rejections += result.IsRejection ? 1 : 0;
            if (rejections >= MaxRejections)
            {
                LogRejected(row.ActionId, client.Receiver, result.Why, WebhookCodes.Rejected);
                _backoff.Reset();
                return;
            }

            Failed(result.Why);
            await Task.Delay(_backoff.Next(), time, ct);
        }
    }

    private async Task<OpenFinding?> OpenedAsync(AuditEntry row, CancellationToken ct) =>
        row.What == FindingAudit.Opened ? FindingAudit.Parse(row)
        : (await audit.ListAsync(new AuditFilter(What: FindingAudit.Opened, ActionId: row.ActionId, Limit: 1), ct)) is [{ } opened] ? FindingAudit.Parse(opened) : null;

    private ObservedFinding? DetailsOf(AuditEntry row)
    {
        var finding = monitor.Current.Findings.FirstOrDefault(finding => finding.Id == row.ActionId) ?? _details.GetValueOrDefault(row.ActionId);
        if (row.What == FindingAudit.Closed)
            _details.Remove(row.ActionId);
        else if (finding is not null && _details.Count < MaxDetails)
            _details[row.ActionId] = finding;
        return finding;
    }

    private void Signal() => _signals.Writer.TryWrite(true);

    private void Succeeded()
    {
        _backoff.Reset();
        if (!_failing)
            return;
        (_failing, _failedAt) = (false, null);
        LogRecovered(client.Receiver, WebhookCodes.Recovered);
    }

    private void Failed(string why)
    {
        _failing = true;
        var now = time.GetUtcNow();
        if (_failedAt is { } before && now - before < Minute)
            return;
        _failedAt = now;
        LogUndelivered(client.Receiver, why, WebhookCodes.Undelivered);
    }

    public override void Dispose()
    {
        client.Dispose();
        base.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A finding could not be posted to {Receiver} ({Reason}); will retry [{Code}]. It is in the audit log.")]
    private partial void LogUndelivered(string receiver, string reason, string code);

    [LoggerMessage(Level = LogLevel.Error, Message = "Finding {Finding} is not posted: {Receiver} rejects it ({Reason}) [{Code}]. It is in the audit log.")]
    private partial void LogRejected(string finding, string receiver, string reason, string code);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} findings are not posted: more waited than the queue holds [{Code}]. They are in the audit log.")]
    private partial void LogDropped(int count, string code);

    [LoggerMessage(Level = LogLevel.Information, Message = "Findings are posted to {Receiver} again [{Code}].")]
    private partial void LogRecovered(string receiver, string code);
}
