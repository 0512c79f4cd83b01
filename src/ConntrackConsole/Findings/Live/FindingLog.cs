namespace ConntrackConsole.Findings.Live;

/// <summary>
/// Findings over time: each opens once, is updated while it is derived, and closes some time after its condition or its evidence has ended.
/// Bounded. Used by one thread at a time.
/// </summary>
internal sealed class FindingLog
{
    /// <summary>Maximum number of open findings.</summary>
    public const int MaxOpen = 2_000;

    /// <summary>For how long a finding that is not derived any more stays open: one that comes and goes is one finding.</summary>
    public const long CloseDelayMs = 30_000;

    // After a start the nodes reconnect first.
    private const long RestoreDelayMs = 120_000;

    private readonly Dictionary<FindingIdentity, Entry> _open = [];
    private readonly Queue<FindingChange> _changes = new();
    private readonly Dictionary<string, int> _opened = [];

    public int Count => _open.Count;

    /// <summary>Findings that did not fit.</summary>
    public int Dropped { get; private set; }

    /// <summary>How many have been opened by this run, by the code of their mechanism.</summary>
    public IReadOnlyDictionary<string, int> Opened => _opened;

    /// <summary>The code of each open finding's mechanism.</summary>
    public IEnumerable<string> OpenCodes => _open.Keys.Select(identity => identity.Code);

    public bool IsRestored { get; private set; }

    /// <summary>Findings that were open when an earlier run ended: derived again, they open no second time.</summary>
    public void Restore(IEnumerable<OpenFinding> open)
    {
        IsRestored = true;
        foreach (var finding in open)
            _open.TryAdd(finding.Identity, new Entry(finding.Id, finding.SinceMs));
    }

    /// <summary>Takes what was derived now.</summary>
    /// <returns>The findings with their stable ids, newest first.</returns>
    public IReadOnlyList<ObservedFinding> Update(IEnumerable<ObservedFinding> derived, long nowMs)
    {
        var current = new List<ObservedFinding>();
        foreach (var finding in derived)
        {
            bool lasts = finding.EndedMs is not { } endedMs || nowMs - endedMs < CloseDelayMs;
            if (!_open.TryGetValue(finding.Identity, out var entry))
            {
                if (!lasts || _open.Count >= MaxOpen)
                {
                    Dropped += lasts ? 1 : 0;
                    current.Add(finding);
                    continue;
                }

                _open[finding.Identity] = entry = new Entry(finding.Id, finding.SinceMs);
                _changes.Enqueue(new FindingChange(finding, true));
                _opened[finding.Code] = _opened.GetValueOrDefault(finding.Code) + 1;
            }

            // Its first events leave the window, or late ones arrive: it is the same finding.
            var named = finding with { Id = entry.Id, SinceMs = Earlier(entry.SinceMs, finding.SinceMs) };
            if (lasts)
                (entry.Last, entry.SeenMs) = (named, nowMs);
            current.Add(named);
        }

        foreach (var (identity, entry) in _open)
        {
            entry.SeenMs ??= nowMs + RestoreDelayMs - CloseDelayMs;
            if (nowMs - entry.SeenMs < CloseDelayMs)
                continue;
            _open.Remove(identity);
            _changes.Enqueue(new FindingChange(entry.Last, false) { Id = entry.Id, Identity = identity });
        }

        return [.. current.OrderByDescending(finding => finding.SinceMs ?? long.MaxValue).ThenBy(finding => finding.Id, StringComparer.Ordinal)];
    }

    /// <summary>The next change that is not in the audit log yet; it stays until <see cref="Written"/>.</summary>
    public FindingChange? NextChange() => _changes.TryPeek(out var change) ? change : null;

    public void Written() => _changes.Dequeue();

    private static long? Earlier(long? one, long? other) => one is null || other < one ? other : one;

    private sealed class Entry(string id, long? sinceMs)
    {
        public string Id { get; } = id;

        public long? SinceMs { get; } = sinceMs;

        public ObservedFinding? Last { get; set; }

        public long? SeenMs { get; set; }
    }
}

/// <summary>A finding opened or closed.</summary>
/// <param name="Finding">Null if it was opened by an earlier run and not derived since.</param>
internal sealed record FindingChange(ObservedFinding? Finding, bool IsOpened)
{
    public string Id { get; init; } = Finding?.Id ?? "";

    public FindingIdentity Identity { get; init; } = Finding?.Identity ?? default;
}

/// <summary>A finding that an earlier run opened and did not close.</summary>
internal sealed record OpenFinding(string Id, FindingIdentity Identity, long? SinceMs);
