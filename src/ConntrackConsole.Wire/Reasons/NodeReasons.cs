using System.ComponentModel;

namespace ConntrackConsole.Wire;

/// <summary>Codes of refusals and results of a collector.</summary>
[ReasonCodes("Node")]
internal static class NodeReasons
{
    /// <summary>The node is observe-only and refuses every command.</summary>
    [Description("The node is observe-only and refuses every command.")]
    public const string ObserveOnly = "node.observe_only";

    /// <summary>The collector cannot execute this command on its node.</summary>
    [Description("The collector cannot execute this command on its node.")]
    public const string CommandUnavailable = "node.command_unavailable";

    /// <summary>The collector is older than the command.</summary>
    [Description("The collector is older than the command.")]
    public const string CollectorOutdated = "node.collector_outdated";

    /// <summary>The id of the preview or action is malformed.</summary>
    [Description("The id of the preview or action is malformed.")]
    public const string InvalidId = "node.invalid_id";

    /// <summary>The command carries no reason.</summary>
    [Description("The command carries no reason.")]
    public const string MissingReason = "node.missing_reason";

    /// <summary>The command does not name its user.</summary>
    [Description("The command does not name its user.")]
    public const string MissingUser = "node.missing_user";

    /// <summary>A text of the command is too long.</summary>
    [Description("A text of the command is too long.")]
    public const string TextTooLong = "node.text_too_long";

    /// <summary>The user of the command cannot be its approver.</summary>
    [Description("The user of the command cannot be its approver.")]
    public const string OwnApproval = "node.own_approval";

    /// <summary>The command arrived after its deadline.</summary>
    [Description("The command arrived after its deadline.")]
    public const string CommandExpired = "node.command_expired";

    /// <summary>The node has reported that this action never began, so the action can no longer begin.</summary>
    [Description("The node has reported that this action never began, so the action can no longer begin.")]
    public const string Fenced = "node.fenced";

    /// <summary>An action with this id has already begun.</summary>
    [Description("An action with this id has already begun.")]
    public const string DuplicateId = "node.duplicate_id";

    /// <summary>The action with this id is of another kind.</summary>
    [Description("The action with this id is of another kind.")]
    public const string KindMismatch = "node.kind_mismatch";

    /// <summary>The journal or the state directory cannot be written.</summary>
    [Description("The journal or the state directory cannot be written.")]
    public const string JournalUnwritable = "node.journal_unwritable";

    /// <summary>The conntrack settings of the node cannot be read.</summary>
    [Description("The conntrack settings of the node cannot be read.")]
    public const string SettingsUnreadable = "node.settings_unreadable";

    /// <summary>The kernel refused or failed a netlink request.</summary>
    [Description("The kernel refused or failed a netlink request.")]
    public const string Netlink = "node.netlink_failed";

    /// <summary>The action is still running.</summary>
    [Description("The action is still running.")]
    public const string Running = "node.running";

    /// <summary>The collector ended during the action.</summary>
    [Description("The collector ended during the action.")]
    public const string Interrupted = "node.interrupted";

    /// <summary>The node did not answer the command; the outcome is unknown.</summary>
    [Description("The node did not answer the command; the outcome is unknown.")]
    public const string NoAnswer = "node.no_answer";

    /// <summary>The node answered with something that is no answer to the request; the outcome is unknown.</summary>
    [Description("The node answered with something that is no answer to the request; the outcome is unknown.")]
    public const string InvalidAnswer = "node.invalid_answer";

    /// <summary>The collector failed while it processed the request; the outcome is unknown.</summary>
    [Description("The collector failed while it processed the request; the outcome is unknown.")]
    public const string AnswerFailed = "node.answer_failed";

    /// <summary>The connection of the node broke before it answered; the outcome is unknown.</summary>
    [Description("The connection of the node broke before it answered; the outcome is unknown.")]
    public const string ConnectionBroke = "node.connection_broke";

    /// <summary>The node has no connected collector.</summary>
    [Description("The node has no connected collector.")]
    public const string NotConnected = "node.not_connected";

    /// <summary>The command never reached the node.</summary>
    [Description("The command never reached the node.")]
    public const string NeverBegan = "node.never_began";

    /// <summary>The command was not sent because an earlier node failed.</summary>
    [Description("The command was not sent because an earlier node failed.")]
    public const string Stopped = "node.stopped";

    /// <summary>Some entries could not be deleted or were not reached.</summary>
    [Description("Some entries could not be deleted or were not reached.")]
    public const string PartialDeletion = "node.partial_deletion";
}
