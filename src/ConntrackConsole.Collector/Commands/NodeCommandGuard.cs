using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands;

/// <summary>Checks that apply to every command. Pure; the message of a refusal is shown to the user.</summary>
internal static class NodeCommandGuard
{
    public const int MaxText = 1000;
    private const int MaxId = 128;

    /// <summary>Why an action's id is invalid, or null. The id is used as a key in the journal.</summary>
    public static Reason? RefuseId(string? actionId) =>
        actionId is { Length: > 0 and <= MaxId } && actionId.All(c => c is > ' ' and <= '~')
            ? null
            : new Reason(NodeReasons.InvalidId, $"The action's id is invalid: it needs 1 to {MaxId} letters, digits and punctuation characters without spaces.");

    /// <param name="command">As received.</param>
    /// <param name="consoleNowMs">Now, by the console's clock.</param>
    public static Reason? Refuse(NodeCommand? command, long consoleNowMs)
    {
        if (command is null)
            return new(NodeReasons.MissingUser, "The command does not name a user.");
        if (RefuseId(command.ActionId) is { } noId)
            return noId;
        if (string.IsNullOrWhiteSpace(command.Reason))
            return new(NodeReasons.MissingReason, "The command has no reason: state why.");
        if (string.IsNullOrWhiteSpace(command.Who))
            return new(NodeReasons.MissingUser, "The command does not name a user.");
        if (command.Reason.Length > MaxText || command.Who.Length > MaxText || command.ApprovedBy?.Length > MaxText)
            return new(NodeReasons.TextTooLong, $"The reason or a name is longer than the maximum of {MaxText} characters: shorten it.");
        if (command.ApprovedBy is { } second && (string.IsNullOrWhiteSpace(second) || string.Equals(second.Trim(), command.Who.Trim(), StringComparison.OrdinalIgnoreCase)))
            return new(NodeReasons.OwnApproval, $"{command.Who} cannot approve their own command: another person must.");
        return consoleNowMs > command.ValidUntilMs
            ? new Reason(NodeReasons.CommandExpired, $"The command arrived {Math.Max(1, (ulong)(consoleNowMs - command.ValidUntilMs) / 1000)} s after it had expired: nothing was done. Send a new one.")
            : null;
    }
}
