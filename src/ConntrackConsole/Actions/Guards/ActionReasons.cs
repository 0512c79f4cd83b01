using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Guards;

/// <summary>Codes of the action workflow and of the guards that apply to every action.</summary>
[ReasonCodes("Action")]
internal static class ActionReasons
{
    /// <summary>Every guard allows the action.</summary>
    [Description("Every guard allows the action.")]
    public const string Allowed = "action.allowed";

    /// <summary>The role of the user does not allow this.</summary>
    [Description("The role of the user does not allow this.")]
    public const string RoleMayNotAct = "action.role";

    /// <summary>The role of the user does not include break-glass.</summary>
    [Description("The role of the user does not include break-glass.")]
    public const string RoleNotBreakGlass = "action.role_not_break_glass";

    /// <summary>The role of the user does not include approvals.</summary>
    [Description("The role of the user does not include approvals.")]
    public const string RoleMayNotApprove = "action.role_may_not_approve";

    /// <summary>The requester cannot approve their own action.</summary>
    [Description("The requester cannot approve their own action.")]
    public const string OwnApproval = "action.own_approval";

    /// <summary>The session of the user has ended.</summary>
    [Description("The session of the user has ended.")]
    public const string SessionEnded = "action.session_ended";

    /// <summary>The console is read-only (Actions:ReadOnly).</summary>
    [Description("The console is read-only (Actions:ReadOnly).")]
    public const string ReadOnly = "action.read_only";

    /// <summary>A reason for the audit log is missing.</summary>
    [Description("A reason for the audit log is missing.")]
    public const string MissingReason = "action.missing_reason";

    /// <summary>The cluster has no node of this name.</summary>
    [Description("The cluster has no node of this name.")]
    public const string UnknownNode = "action.unknown_node";

    /// <summary>A node is named twice.</summary>
    [Description("A node is named twice.")]
    public const string DuplicateNode = "action.duplicate_node";

    /// <summary>The user requested too many previews within a minute.</summary>
    [Description("The user requested too many previews within a minute.")]
    public const string PreviewRateLimited = "action.preview_rate_limited";

    /// <summary>The user executed too many actions within ten minutes.</summary>
    [Description("The user executed too many actions within ten minutes.")]
    public const string UserRateLimited = "action.user_rate_limited";

    /// <summary>Too many actions were executed in the cluster within ten minutes.</summary>
    [Description("Too many actions were executed in the cluster within ten minutes.")]
    public const string ClusterRateLimited = "action.cluster_rate_limited";

    /// <summary>Too many actions were executed on a node within ten minutes.</summary>
    [Description("Too many actions were executed on a node within ten minutes.")]
    public const string NodeRateLimited = "action.node_rate_limited";

    /// <summary>There is no such action, or the user is not allowed to decide on it.</summary>
    [Description("There is no such action, or the user is not allowed to decide on it.")]
    public const string NotFound = "action.not_found";

    /// <summary>The preview or the approval request is no longer valid.</summary>
    [Description("The preview or the approval request is no longer valid.")]
    public const string Expired = "action.expired";

    /// <summary>The action is in a state that does not allow this step.</summary>
    [Description("The action is in a state that does not allow this step.")]
    public const string WrongState = "action.wrong_state";

    /// <summary>The action was changed by someone else at the same time.</summary>
    [Description("The action was changed by someone else at the same time.")]
    public const string Conflict = "action.conflict";

    /// <summary>The confirmed digest does not match the preview.</summary>
    [Description("The confirmed digest does not match the preview.")]
    public const string DigestMismatch = "action.digest_mismatch";

    /// <summary>The typed confirmation is missing or wrong.</summary>
    [Description("The typed confirmation is missing or wrong.")]
    public const string TypedConfirmation = "action.typed_confirmation";

    /// <summary>A guard requires more than at the preview.</summary>
    [Description("A guard requires more than at the preview.")]
    public const string ChangedSincePreview = "action.changed_since_preview";

    /// <summary>The owner of the address changed since the preview.</summary>
    [Description("The owner of the address changed since the preview.")]
    public const string OwnerChanged = "action.owner_changed";

    /// <summary>The action is waiting for the approval of a second person.</summary>
    [Description("The action is waiting for the approval of a second person.")]
    public const string ApprovalRequested = "action.approval_requested";

    /// <summary>The action was cancelled before anything was sent.</summary>
    [Description("The action was cancelled before anything was sent.")]
    public const string Cancelled = "action.cancelled";

    /// <summary>The console ended during the action.</summary>
    [Description("The console ended during the action.")]
    public const string Interrupted = "action.interrupted";

    /// <summary>The audit log cannot be written, so nothing was sent.</summary>
    [Description("The audit log cannot be written, so nothing was sent.")]
    public const string AuditUnavailable = "action.audit_unavailable";

    /// <summary>The outcome could not be written to the audit log.</summary>
    [Description("The outcome could not be written to the audit log.")]
    public const string AuditIncomplete = "action.audit_incomplete";

    /// <summary>No node has this change open.</summary>
    [Description("No node has this change open.")]
    public const string NoOpenChange = "action.no_open_change";

    /// <summary>The first node did not keep the value, so the other nodes were not changed.</summary>
    [Description("The first node did not keep the value, so the other nodes were not changed.")]
    public const string CanaryFailed = "action.canary_failed";

    /// <summary>The request is malformed.</summary>
    [Description("The request is malformed.")]
    public const string InvalidRequest = "action.invalid_request";
}
