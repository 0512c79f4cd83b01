using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Journal;

/// <summary>
/// Persistent record of what this node did to its own kernel, written before and after each action and read at every start: an
/// action that began once never begins again. Shared by the daemon and commands run on the node. Thread-safe.
/// </summary>
internal sealed class ActionJournal
{
    private const long MaxBytes = 16 * 1024 * 1024;

    private readonly JournalFile _file;
    private readonly TimeProvider _time;
    private readonly TextWriter _log;
    private readonly Lock _lock = new();
    private JournalState _memory = new();
    private long _offset, _rewriteAbove;

    /// <param name="stateDirectory">Created if missing.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Receives warnings about lines that cannot be read.</param>
    /// <param name="maxBytes">A larger file is compacted at the start.</param>
    /// <exception cref="IOException">The directory cannot be used.</exception>
    public ActionJournal(string stateDirectory, TimeProvider? time = null, TextWriter? log = null, long maxBytes = MaxBytes)
    {
        StateDirectory = stateDirectory;
        Directory.CreateDirectory(stateDirectory);
        _file = new JournalFile(Path.GetFullPath(Path.Combine(stateDirectory, "journal.jsonl")));
        _time = time ?? TimeProvider.System;
        _log = log ?? TextWriter.Null;
        using var held = _file.Hold();
        if (_file.Exists)
            ReadRest();
        if (_memory.Id is null || _file.Length > maxBytes)
            Rewrite();
        _rewriteAbove = Math.Max(maxBytes > long.MaxValue / 4 ? maxBytes : maxBytes * 4, _offset * 2);
    }

    public string StateDirectory { get; }

    /// <summary>Created with the file.</summary>
    public string Id
    {
        get
        {
            lock (_lock)
                return _memory.Id!;
        }
    }

    public JournaledAction? Find(string actionId)
    {
        lock (_lock)
            return _memory.Find(actionId);
    }

    public bool IsFenced(string actionId)
    {
        lock (_lock)
            return _memory.IsFenced(actionId);
    }

    /// <summary>Actions for which <paramref name="wanted"/> is true, in order.</summary>
    public IReadOnlyList<JournaledAction> Where(Func<JournaledAction, bool> wanted)
    {
        lock (_lock)
            return [.. _memory.Actions.Where(wanted)];
    }

    /// <summary>
    /// Reads what other processes have appended; cheap if nothing was. Compacts a file that has grown far too large: a console
    /// that sends commands without end must not fill the node's disk.
    /// </summary>
    public void CatchUp()
    {
        lock (_lock)
        {
            if (_file.Length == _offset && _offset <= _rewriteAbove)
                return;
            using var held = _file.Hold();
            Follow();
            if (_offset <= _rewriteAbove)
                return;
            Rewrite();
            _rewriteAbove = Math.Max(_rewriteAbove, _offset * 2); // if nothing could be removed
        }
    }

    /// <summary>Records the begin of an action; durable on return.</summary>
    /// <param name="begin">Number and time are set here.</param>
    /// <returns>False if the action began before, in any process and any run, or is fenced.</returns>
    /// <exception cref="IOException">It is not durable: do not act.</exception>
    public bool TryBegin(JournalLine begin)
    {
        lock (_lock)
        {
            using var held = _file.Hold();
            Follow();
            if (_memory.Find(begin.ActionId!) is not null || _memory.IsFenced(begin.ActionId!))
                return false;
            Add(begin with { Phase = JournalPhase.Begin, Number = _memory.LastNumber + 1, At = _time.GetUtcNow() });
            return true;
        }
    }

    /// <summary>Records the end of an action.</summary>
    /// <exception cref="IOException">It is not durable; this process keeps it in memory.</exception>
    public void End(string actionId, FlushResult? flush = null, SettingResult? setting = null, IReadOnlyList<FlowEntry>? deleted = null)
    {
        var end = new JournalLine
        {
            Phase = JournalPhase.End, At = _time.GetUtcNow(), ActionId = actionId, Flush = flush, Setting = setting, Deleted = deleted,
        };
        lock (_lock)
        {
            try
            {
                using var held = _file.Hold();
                Follow();
                Add(end);
            }
            catch (IOException)
            {
                _memory.Apply(end);
                throw;
            }
        }
    }

    /// <summary>Prevents an action that has not begun from beginning; durable on return.</summary>
    /// <returns>False if it has begun.</returns>
    /// <exception cref="IOException">It is not durable: do not report the action as fenced.</exception>
    public bool TryFence(string actionId)
    {
        lock (_lock)
        {
            using var held = _file.Hold();
            Follow();
            if (_memory.Find(actionId) is not null)
                return false;
            if (!_memory.IsFenced(actionId))
                Add(new JournalLine { Phase = JournalPhase.Fence, At = _time.GetUtcNow(), ActionId = actionId });
            return true;
        }
    }

    /// <summary>The next report for the console, or null if everything is reported.</summary>
    public JournalReport? NextReport()
    {
        lock (_lock)
            return JournalReports.Next(_memory, _time.GetUtcNow());
    }

    /// <summary>Records that the console has everything up to a number.</summary>
    public void MarkReported(long number)
    {
        lock (_lock)
        {
            if (number > _memory.ReportedUpTo)
                WriteReported(number);
        }
    }

    /// <summary>Records that the console received the result of its command.</summary>
    public void MarkAnswered(string actionId)
    {
        lock (_lock)
        {
            if (_memory.Find(actionId) is not { End: not null } act)
                return;
            act.IsReported = true;
            // A reported number covers all lower numbers, and lower ones may still be unreported.
            long number = _memory.Actions.TakeWhile(each => _memory.IsReported(each)).LastOrDefault()?.Number ?? 0;
            if (number > _memory.ReportedUpTo)
                WriteReported(number);
        }
    }

    // Not durable: the console recognizes an entry that is reported twice by its number.
    private void WriteReported(long number)
    {
        using var held = _file.Hold();
        Follow();
        Add(new JournalLine { Phase = JournalPhase.Reported, At = _time.GetUtcNow(), Number = number });
    }

    private void Add(JournalLine line)
    {
        _offset = _file.Append(line.ToBytes(), durable: line.Phase != JournalPhase.Reported);
        _memory.Apply(line);
    }

    // Needs the lock between processes.
    private void Follow()
    {
        var first = _file.ReadFirst();
        if (first?.JournalId != _memory.Id || first?.Generation != _memory.Generation || _file.Length < _offset)
        {
            var answered = _memory.Actions.Where(act => act.IsReported).Select(act => act.ActionId).ToHashSet();
            (_memory, _offset) = (new JournalState(), 0);
            ReadRest();
            if (_memory.Id is null)
                Rewrite();
            foreach (var act in _memory.Actions.Where(act => answered.Contains(act.ActionId)))
                act.IsReported = true;
        }
        else if (_file.Length > _offset)
        {
            ReadRest();
        }
    }

    private void ReadRest()
    {
        byte[] bytes = _file.ReadFrom(_offset);
        int at = 0, bad = 0;
        while (bytes.AsSpan(at).IndexOf((byte)'\n') is >= 0 and var length)
        {
            if (!JournalLine.TryParse(bytes.AsSpan(at, length), out var line) || !_memory.Apply(line))
                bad++;
            at += length + 1;
        }

        _offset += at;
        if (at < bytes.Length)
        {
            _log.WriteLine($"{_file.FilePath}: a crash truncated its last line, which is removed; an action that the line recorded was not executed.");
            _file.Truncate(_offset);
        }

        if (bad == 0)
            return;
        string aside = _file.CopyUnreadable(_time.GetUtcNow());
        _log.WriteLine($"{_file.FilePath}: {bad} of its lines cannot be read by this program. The file is kept as {aside}; all readable lines remain in use. "
            + "Check there who wrote them, then delete that file.");
        Rewrite();
    }

    private void Rewrite()
    {
        string id = _memory.Id ?? Guid.NewGuid().ToString("N");
        _memory.Trim();
        var lines = _memory.Lines(id, _time.GetUtcNow()).ToList();
        _offset = _file.Replace(lines);
        _memory = new JournalState();
        foreach (var line in lines)
            _memory.Apply(line);
    }
}
