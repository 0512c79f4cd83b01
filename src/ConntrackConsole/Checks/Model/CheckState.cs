namespace ConntrackConsole.Checks.Model;

/// <summary>The result of a check, worst last.</summary>
public enum CheckState
{
    /// <summary>Does not apply to this subject.</summary>
    NotApplicable,
    /// <summary>Within its threshold.</summary>
    Ok,
    /// <summary>Required data is missing or too old; this is not "ok".</summary>
    InsufficientData,
    /// <summary>Will cause failures, or causes a few now.</summary>
    Warning,
    /// <summary>Causes failures now.</summary>
    Bad,
}
