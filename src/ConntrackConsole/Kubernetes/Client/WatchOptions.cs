using ConntrackConsole.Wire;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>How patient the informer is.</summary>
internal sealed record WatchOptions
{
    public TimeSpan FirstWait { get; init; } = TimeSpan.FromMilliseconds(500);

    public TimeSpan LongestWait { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Until a kind that is not permitted, or not served, is asked for again.</summary>
    public TimeSpan RefusedWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Without a whole line or item for so long the stream is dead, or too slow to be of use: bookmarks come about every
    /// minute, also where nothing happens.
    /// </summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>What a list or watch may hold in one object; etcd's own limit is 1.5 MB.</summary>
    public int MostBytes { get; init; } = 8 * 1024 * 1024;

    public int PageSize { get; init; } = 500;

    public Random Random { get; init; } = Random.Shared;

    /// <summary>Each wait is twice the one before, less up to a half by chance, so that consoles do not ask in step.</summary>
    public Backoff NewBackoff() => new() { Min = FirstWait, Max = LongestWait, Jitter = 0.5, Random = Random };
}
