
using ConntrackConsole.Actions.Workflow;

namespace ConntrackConsole.Components.Text;

/// <summary>The words, shapes and colours of an action's state.</summary>
internal static class ActionStates
{
    public static readonly IReadOnlyList<(string Id, string Name, Func<ActionState, bool> Has)> Groups =
    [
        ("waiting", "waiting for a second person", state => state == ActionState.Waiting),
        ("running", "under way", state => state is ActionState.Previewed or ActionState.Approved or ActionState.Running),
        ("done", "done", state => state == ActionState.Completed),
        ("trouble", "in part, failed or unknown", state => state is ActionState.Partly or ActionState.Failed or ActionState.Unknown),
        ("not-done", "refused, cancelled or expired", state => state is ActionState.Refused or ActionState.Cancelled or ActionState.Expired),
    ];

    public static string Name(ActionState state) => state switch
    {
        ActionState.Previewed => "shown",
        ActionState.Waiting => "waiting",
        ActionState.Approved => "approved",
        ActionState.Running => "under way",
        ActionState.Completed => "done",
        ActionState.Partly => "done in part",
        ActionState.Failed => "failed",
        ActionState.Unknown => "unknown",
        ActionState.Refused => "refused",
        ActionState.Cancelled => "cancelled",
        _ => "expired",
    };

    /// <summary>A shape for each, so that nothing hangs on the colour.</summary>
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

    /// <summary>The class that colours it.</summary>
    public static string Colour(ActionState state) => state switch
    {
        ActionState.Completed => "ok",
        ActionState.Waiting or ActionState.Partly or ActionState.Unknown => "warning",
        ActionState.Failed => "bad",
        ActionState.Approved or ActionState.Running => "busy",
        _ => "",
    };

    /// <summary>A preview that nobody confirmed: not worth a line unless somebody asks for it.</summary>
    public static bool OnlyLookedAt(ActionRecord record) =>
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
