namespace ConntrackConsole.Workers;

/// <summary>
/// A share of a core for repeated work. What was spent is paid back by pauses, at once or, within a limit, later: the first rounds of a process
/// are slow, and so is one of a busy machine, and what is urgent must not wait for them. Not thread-safe.
/// </summary>
/// <param name="rest">How many times its own duration work is followed by a pause: 19 = a twentieth of a core.</param>
/// <param name="burst">How much may be spent before it is paid back.</param>
internal sealed class WorkBudget(int rest, TimeSpan burst)
{
    private TimeSpan _owed;
    private TimeSpan _endedAt;

    /// <summary>Adds work that has just ended.</summary>
    /// <param name="work">How long it took.</param>
    /// <param name="beganAt">When it began, since any moment.</param>
    /// <returns>The pause that must follow.</returns>
    public TimeSpan Spend(TimeSpan work, TimeSpan beganAt)
    {
        var paid = (beganAt - _endedAt) / rest;
        _owed = (paid < _owed ? _owed - paid : TimeSpan.Zero) + work;
        _endedAt = beganAt + work;
        return _owed > burst ? (_owed - burst) * rest : TimeSpan.Zero;
    }
}
