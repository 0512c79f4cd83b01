using System.Threading.RateLimiting;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>Limits the previews of each user, because each one queries every node, and the audit rows about refused ones, so that a loop cannot fill the log.</summary>
internal sealed class PreviewRateLimiter : IDisposable
{
    public const int MaxPerMinute = 30;

    private readonly PartitionedRateLimiter<string> _previews = PerUser(MaxPerMinute);
    private readonly PartitionedRateLimiter<string> _refusals = PerUser(1);

    public bool TryAcquire(string user) => Acquired(_previews, user);

    /// <summary>Whether a refusal is written to the audit log: once per minute and user.</summary>
    public bool TryAcquireRefusal(string user) => Acquired(_refusals, user);

    public void Dispose()
    {
        _previews.Dispose();
        _refusals.Dispose();
    }

    private static bool Acquired(PartitionedRateLimiter<string> limiter, string user)
    {
        using var lease = limiter.AttemptAcquire(user);
        return lease.IsAcquired;
    }

    private static PartitionedRateLimiter<string> PerUser(int permits) => PartitionedRateLimiter.Create<string, string>(user =>
        RateLimitPartition.GetSlidingWindowLimiter(user, _ => new SlidingWindowRateLimiterOptions
        {
            PermitLimit = permits, Window = TimeSpan.FromMinutes(1), SegmentsPerWindow = 12, QueueLimit = 0,
        }), StringComparer.Ordinal);
}
