
namespace ConntrackConsole.Collector.Journal;

/// <summary>What the lines of a journal add up to. Pure; the journal's lock is around it.</summary>
internal sealed class JournalState
{
    /// <summary>Acts and fences that are remembered, each. Acts that are open or untold come on top.</summary>
    public const int MaxActions = 10_000;

    // A node without a console never has anything told: its journal must not grow for ever either.
    private const int MaxUnreported = 2 * MaxActions;
    private const int MaxDeletedEntries = 50_000;
    private const int MaxWithoutTrim = MaxActions + (MaxActions / 10);

    private readonly Dictionary<string, JournaledAction> _acts = [];
    private readonly List<JournaledAction> _inOrder = [];
    private readonly Dictionary<string, DateTimeOffset> _fences = [];
    private readonly Queue<string> _fenceOrder = new();

    // While nothing is told, trimming removes little: then it waits until as many have come on top.
    private int _trimAbove = MaxWithoutTrim;

    public string? Id { get; private set; }

    public int Generation { get; private set; }

    public long LastNumber { get; private set; }

    /// <summary>The console has everything up to this number.</summary>
    public long ReportedUpTo { get; private set; }

    /// <summary>In the order of their numbers.</summary>
    public IReadOnlyList<JournaledAction> Actions => _inOrder;

    public JournaledAction? Find(string actionId) => _acts.GetValueOrDefault(actionId);

    public bool IsFenced(string actionId) => _fences.ContainsKey(actionId);

    /// <summary>Takes a line in; false where it contradicts what is known already.</summary>
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

    /// <summary>Everything that a journal written anew must have, a first line with the next generation before it.</summary>
    public IEnumerable<JournalLine> Lines(string id, DateTimeOffset now)
    {
        yield return new JournalLine { Phase = JournalPhase.Journal, At = now, JournalId = id, Generation = Generation + 1 };
        foreach (string fence in _fenceOrder)
            yield return new JournalLine { Phase = JournalPhase.Fence, At = _fences[fence], ActionId = fence };
        // First every begin: a number that was told must be known, and the end of a revert must find its change.
        foreach (var act in _inOrder)
            yield return act.Begin;
        if (ReportedUpTo > 0)
            yield return new JournalLine { Phase = JournalPhase.Reported, At = now, Number = ReportedUpTo };
        int budget = MaxDeletedEntries;
        var isKept = Enumerable.Reverse(_inOrder).Where(act => (budget -= act.End?.Deleted?.Count ?? 0) >= 0).ToHashSet();
        foreach (var act in _inOrder.Where(act => act.End is not null).OrderBy(act => act.End!.At))
            yield return isKept.Contains(act) ? act.End! : act.End! with { Deleted = null };
    }

    /// <summary>Lets the oldest go that nobody needs any more.</summary>
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
        if (_inOrder.Count > _trimAbove) // not for each single one
            Trim();
        return true;
    }

    private void End(JournalLine line)
    {
        // The first end counts; and the begin of an old act may have been let go before its late end came.
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
        // What was deleted is kept in memory only until the console has it; it stays in the file.
        for (int index = _inOrder.Count - 1; index >= 0 && _inOrder[index] is var act; index--)
        {
            if (act.Number <= ReportedUpTo && act.End?.Deleted is not null)
                act.End = act.End with { Deleted = null };
        }
    }
}
