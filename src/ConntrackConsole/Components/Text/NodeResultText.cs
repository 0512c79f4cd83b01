using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Text;

/// <summary>Display names of the results of an action on a node.</summary>
internal static class NodeResultText
{
    public static string Name(SettingOutcome outcome) => outcome switch
    {
        SettingOutcome.Written => "changed",
        SettingOutcome.Already => "already had this value",
        SettingOutcome.Moved => "not changed: the value differs from the preview",
        SettingOutcome.Reverted => "reverted",
        SettingOutcome.Drifted => "not reverted: the value was changed by something else",
        SettingOutcome.Void => "not reverted: the node has rebooted",
        SettingOutcome.Withheld => "not reverted: an operator must decide",
        SettingOutcome.Failed => "failed",
        SettingOutcome.Refused => "refused",
        _ => "interrupted: the current value is shown",
    };

    public static string Name(NodeOutcome outcome) => outcome switch
    {
        NodeOutcome.Done => "completed",
        NodeOutcome.Stopped => "not changed: an earlier node failed",
        NodeOutcome.NotAsked => "not reachable",
        NodeOutcome.Refused => "refused",
        _ => "no result yet: the console asks again when the node reconnects",
    };
}
