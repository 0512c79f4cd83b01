using System.Threading.RateLimiting;

namespace ConntrackConsole.Identity.Providers;

/// <summary>Bounds failed sign-ins of one network address: tokens cannot be tried for long, and the audit log does not fill.</summary>
internal sealed class SignInAttempts : IDisposable
{
    public const int PerMinute = 20;

    private readonly PartitionedRateLimiter<string> _failures = PartitionedRateLimiter.Create<string, string>(address => RateLimitPartition.GetFixedWindowLimiter(
        address, _ => new FixedWindowRateLimiterOptions { PermitLimit = PerMinute, Window = TimeSpan.FromMinutes(1) }));

    /// <summary>Whether this address may try. Does not count.</summary>
    public bool MayTry(string address) => _failures.GetStatistics(address)?.CurrentAvailablePermits != 0;

    /// <summary>Counts a failure.</summary>
    /// <returns>False if there were too many: it is not to be recorded any more.</returns>
    public bool Failed(string address)
    {
        using var lease = _failures.AttemptAcquire(address);
        return lease.IsAcquired;
    }

    public void Dispose() => _failures.Dispose();
}
