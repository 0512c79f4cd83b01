using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Guards;

/// <summary>Codes of the site policy (Actions:Policy).</summary>
[ReasonCodes("Policy")]
internal static class PolicyReasons
{
    /// <summary>The site policy forbids the action.</summary>
    [Description("The site policy forbids the action.")]
    public const string Forbidden = "policy.forbidden";

    /// <summary>The site policy requires the approval of a second person.</summary>
    [Description("The site policy requires the approval of a second person.")]
    public const string ApprovalRequired = "policy.approval_required";

    /// <summary>The site policy requires a typed confirmation.</summary>
    [Description("The site policy requires a typed confirmation.")]
    public const string ConfirmationRequired = "policy.confirmation_required";
}
