namespace ConntrackConsole.Checks.Model;

/// <summary>What a check says, worst last.</summary>
public enum CheckState
{
    /// <summary>Does not apply to this subject.</summary>
    NotApplicable,
    /// <summary>Within its threshold.</summary>
    Ok,
    /// <summary>What it needs is missing or too old; that is no "ok".</summary>
    CannotTell,
    /// <summary>Will hurt, or hurts a little.</summary>
    Warning,
    /// <summary>Hurts now.</summary>
    Bad,
}
