using ConntrackConsole.Actions.Workflow;

namespace ConntrackConsole.Components.Text;

/// <summary>Name, symbol and colour of an action's state.</summary>
internal static class ActionStates
{
    public static readonly IReadOnlyList<(string Id, string Name, Func<ActionState, bool> Has)> Groups =
    [
        ("waiting", "waiting for approval", state => state == ActionState.Waiting),
        ("running", "in progress", state => state is ActionState.Previewed or ActionState.Approved or ActionState.Running),
        ("done", "completed", state => state == ActionState.Completed),
        ("trouble", "partially completed, failed or unknown", state => state is ActionState.Partly or ActionState.Failed or ActionState.Unknown),
        ("not-done", "refused, cancelled or expired", state => state is ActionState.Refused or ActionState.Cancelled or ActionState.Expired),
    ];

    public static string Name(ActionState state) => state switch
    {
        ActionState.Previewed => "previewed",
        ActionState.Waiting => "waiting for approval",
        ActionState.Approved => "approved",
        ActionState.Running => "running",
        ActionState.Completed => "completed",
        ActionState.Partly => "partially completed",
        ActionState.Failed => "failed",
        ActionState.Unknown => "unknown",
        ActionState.Refused => "refused",
        ActionState.Cancelled => "cancelled",
        _ => "expired",
    };

    /// <summary>One symbol per state, so that it does not depend on colour.</summary>
    public static string Sign(ActionState state) => state switch
    {
        ActionState.Previewed => "○",
        ActionState.Waiting => "◆",
        ActionState.Approved or ActionState.Running => "▸",
        ActionState.Completed => "✓",
        ActionState.Partly => "▲",
        ActionState.Failed => "■",
        ActionState.Unknown => "?",
        ActionState.Refused => "✕",
        _ => "–",
    };

    /// <summary>The CSS class of its colour.</summary>
    public static string Colour(ActionState state) => state switch
    {
        ActionState.Completed => "ok",
        ActionState.Waiting or ActionState.Partly or ActionState.Unknown => "warning",
        ActionState.Failed => "bad",
        ActionState.Approved or ActionState.Running => "busy",
        _ => "",
    };

    /// <summary>A preview that was not confirmed; hidden from the list by default.</summary>
    public static bool IsUnconfirmedPreview(ActionRecord record) =>
        record is { Reason.Length: 0, StartedMs: null, State: ActionState.Previewed or ActionState.Refused or ActionState.Cancelled or ActionState.Expired };

    /// <summary>"in 4 min 12 s", "due 3 s ago".</summary>
    public static string Until(long atMs, long nowMs)
    {
        long seconds = (long)Math.Ceiling((atMs - nowMs) / 1000.0);
        return seconds <= 0 ? $"due {Clock(-seconds)} ago" : $"in {Clock(seconds)}";
    }

    private static string Clock(long seconds) => seconds switch
    {
        < 60 => $"{seconds} s",
        < 3600 => $"{seconds / 60} min {seconds % 60:00} s",
        _ => $"{seconds / 3600} h {seconds / 60 % 60:00} min",
    };
}
