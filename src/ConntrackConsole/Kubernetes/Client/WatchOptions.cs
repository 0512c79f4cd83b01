using ConntrackConsole.Wire;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>Timeouts, retries and limits of the informer.</summary>
internal sealed record WatchOptions
{
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromMilliseconds(500);

    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Retry interval for a kind that is not permitted or not served.</summary>
    public TimeSpan ForbiddenRetryInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Without a complete line or item for this long the stream is considered dead or too slow: bookmarks arrive about every
    /// minute even if nothing changes.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>Maximum size of one object in a list or watch; etcd's own limit is 1.5 MB.</summary>
    public int MaxBytes { get; init; } = 8 * 1024 * 1024;

    public int PageSize { get; init; } = 500;

    public Random Random { get; init; } = Random.Shared;

    /// <summary>Each delay is twice the previous one, reduced by up to half at random, so that consoles do not retry in step.</summary>
    public Backoff NewBackoff() => new() { Min = MinBackoff, Max = MaxBackoff, Jitter = 0.5, Random = Random };
}
