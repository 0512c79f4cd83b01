
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands;

/// <summary>What every order must have, whatever it orders. Pure; each refusal is the sentence that the user reads.</summary>
internal static class NodeCommandGuard
{
    public const int MaxText = 1000;
    private const int MaxId = 128;

    /// <summary>Why an action's id cannot be one, or null. It becomes a name in the journal.</summary>
    public static Reason? RefuseId(string? actionId) =>
        actionId is { Length: > 0 and <= MaxId } && actionId.All(c => c is > ' ' and <= '~')
            ? null
            : new Reason(NodeReasons.InvalidId, $"The action's id is no id: 1 to {MaxId} letters, digits and signs, no spaces.");

    /// <param name="command">As it came.</param>
    /// <param name="consoleNowMs">Now, by the console's clock.</param>
    public static Reason? Refuse(NodeCommand? command, long consoleNowMs)
    {
        if (command is null)
            return new(NodeReasons.MissingUser, "The order does not say who ordered it.");
        if (RefuseId(command.ActionId) is { } noId)
            return noId;
        if (string.IsNullOrWhiteSpace(command.Reason))
            return new(NodeReasons.MissingReason, "The order gives no reason: write a sentence why.");
        if (string.IsNullOrWhiteSpace(command.Who))
            return new(NodeReasons.MissingUser, "The order does not say who ordered it.");
        if (command.Reason.Length > MaxText || command.Who.Length > MaxText || command.ApprovedBy?.Length > MaxText)
            return new(NodeReasons.TextTooLong, $"The reason or a name is longer than {MaxText} characters: shorten it.");
        if (command.ApprovedBy is { } second && (string.IsNullOrWhiteSpace(second) || string.Equals(second.Trim(), command.Who.Trim(), StringComparison.OrdinalIgnoreCase)))
            return new(NodeReasons.OwnApproval, $"{command.Who} cannot approve their own order: a second person must.");
        return consoleNowMs > command.ValidUntilMs
            ? new Reason(NodeReasons.CommandExpired, $"The order came {Math.Max(1, (ulong)(consoleNowMs - command.ValidUntilMs) / 1000)} s after its time was over: nothing was done. Order anew.")
            : null;
    }
}
