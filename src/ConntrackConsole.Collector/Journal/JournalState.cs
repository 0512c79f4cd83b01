namespace ConntrackConsole.Collector.Journal;

/// <summary>In-memory state of a journal. No I/O; the caller holds the journal's lock.</summary>
internal sealed class JournalState
{
    /// <summary>Maximum number of actions and of fences that are kept. Open and unreported actions are kept in addition.</summary>
    public const int MaxActions = 10_000;

    // On a node without a console nothing is ever reported: its journal must be bounded too.
    private const int MaxUnreported = 2 * MaxActions;
    private const int MaxDeletedEntries = 50_000;
    private const int MaxWithoutTrim = MaxActions + (MaxActions / 10);

    private readonly Dictionary<string, JournaledAction> _acts = [];
    private readonly List<JournaledAction> _inOrder = [];
    private readonly Dictionary<string, DateTimeOffset> _fences = [];
    private readonly Queue<string> _fenceOrder = new();

    // While nothing is reported, trimming removes little: the threshold then rises with the number of actions.
    private int _trimAbove = MaxWithoutTrim;

    public string? Id { get; private set; }

    public int Generation { get; private set; }

    public long LastNumber { get; private set; }

    /// <summary>The console has everything up to this number.</summary>
    public long ReportedUpTo { get; private set; }

    /// <summary>Ordered by number.</summary>
    public IReadOnlyList<JournaledAction> Actions => _inOrder;

    public JournaledAction? Find(string actionId) => _acts.GetValueOrDefault(actionId);

    public bool IsFenced(string actionId) => _fences.ContainsKey(actionId);

    /// <summary>Applies a line; false if it contradicts the state.</summary>
    public bool Apply(JournalLine line)
    {
        switch (line.Phase)
        {
            case JournalPhase.Journal:
                if (Id is not null)
                    return false;
                (Id, Generation) = (line.JournalId, line.Generation!.Value);
                return true;
            case JournalPhase.Begin:
                return Begin(line);
            case JournalPhase.End:
                End(line);
                return true;
            case JournalPhase.Fence:
                if (_fences.TryAdd(line.ActionId!, line.At))
                    _fenceOrder.Enqueue(line.ActionId!);
                if (_fenceOrder.Count > MaxActions)
                    _fences.Remove(_fenceOrder.Dequeue());
                return true;
            default:
                MarkReported(line.Number!.Value);
                return true;
        }
    }

    /// <summary>All lines of a rewritten journal, starting with a first line of the next generation.</summary>
    public IEnumerable<JournalLine> Lines(string id, DateTimeOffset now)
    {
        yield return new JournalLine { Phase = JournalPhase.Journal, At = now, JournalId = id, Generation = Generation + 1 };
        foreach (string fence in _fenceOrder)
            yield return new JournalLine { Phase = JournalPhase.Fence, At = _fences[fence], ActionId = fence };
        // All begin lines first: a reported number must be known, and the end of a revert must find its change.
        foreach (var act in _inOrder)
            yield return act.Begin;
        if (ReportedUpTo > 0)
            yield return new JournalLine { Phase = JournalPhase.Reported, At = now, Number = ReportedUpTo };
        int budget = MaxDeletedEntries;
        var isKept = Enumerable.Reverse(_inOrder).Where(act => (budget -= act.End?.Deleted?.Count ?? 0) >= 0).ToHashSet();
        foreach (var act in _inOrder.Where(act => act.End is not null).OrderBy(act => act.End!.At))
            yield return isKept.Contains(act) ? act.End! : act.End! with { Deleted = null };
    }

    /// <summary>Removes the oldest actions that are not needed any more.</summary>
    public void Trim()
    {
        int surplus = _inOrder.Count - MaxActions;
        if (surplus <= 0)
            return;
        _inOrder.RemoveAll(act =>
        {
            bool isRemoved = surplus > 0 && act.End is not null && !act.IsOpenChange && (IsReported(act) || surplus > MaxUnreported - MaxActions);
            if (isRemoved)
            {
                surplus--;
                _acts.Remove(act.ActionId);
            }

            return isRemoved;
        });
        _trimAbove = _inOrder.Count + (MaxActions / 10);
    }

    public bool IsReported(JournaledAction act) => act.IsReported || act.Number <= ReportedUpTo;

    private bool Begin(JournalLine line)
    {
        if (line.Number <= LastNumber || _acts.ContainsKey(line.ActionId!))
            return false;
        var act = new JournaledAction(line);
        _acts.Add(act.ActionId, act);
        _inOrder.Add(act);
        LastNumber = act.Number;
        if (_inOrder.Count > _trimAbove) // not after every action
            Trim();
        return true;
    }

    private void End(JournalLine line)
    {
        // The first end counts. The begin of an old action may have been removed before its late end arrives.
        if (Find(line.ActionId!) is not { End: null } act)
            return;
        act.End = IsReported(act) ? line with { Deleted = null } : line;
        if (act.Begin.ChangeId is { } changeId && line.Setting is { } reverted && Find(changeId) is { } change)
            change.LastRevert = reverted.Outcome;
    }

    private void MarkReported(long number)
    {
        ReportedUpTo = Math.Max(ReportedUpTo, Math.Min(number, LastNumber));
        _trimAbove = MaxWithoutTrim;
        // Deleted entries are kept in memory only until the console has them; they remain in the file.
        for (int index = _inOrder.Count - 1; index >= 0 && _inOrder[index] is var act; index--)
        {
            if (act.Number <= ReportedUpTo && act.End?.Deleted is not null)
                act.End = act.End with { Deleted = null };
        }
    }
}
