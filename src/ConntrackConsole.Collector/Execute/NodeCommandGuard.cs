using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Execute;

/// <summary>What every order must have, whatever it orders. Pure; each refusal is the sentence that the user reads.</summary>
internal static class NodeCommandGuard
{
    public const int LongestText = 1000;
    private const int LongestId = 128;

    /// <summary>Why an action's id cannot be one, or null. It becomes a name in the journal.</summary>
    public static string? RefuseId(string? actionId) =>
        actionId is { Length: > 0 and <= LongestId } && actionId.All(c => c is > ' ' and <= '~')
            ? null
            : $"The action's id is no id: 1 to {LongestId} letters, digits and signs, no spaces.";

    /// <param name="order">As it came.</param>
    /// <param name="consoleNowMs">Now, by the console's clock.</param>
    public static string? Refuse(NodeCommand? order, long consoleNowMs)
    {
        if (order is null)
            return "The order does not say who ordered it.";
        if (RefuseId(order.ActionId) is { } noId)
            return noId;
        if (string.IsNullOrWhiteSpace(order.Reason))
            return "The order gives no reason: write a sentence why.";
        if (string.IsNullOrWhiteSpace(order.Who))
            return "The order does not say who ordered it.";
        if (order.Reason.Length > LongestText || order.Who.Length > LongestText || order.ApprovedBy?.Length > LongestText)
            return $"The reason or a name is longer than {LongestText} characters: shorten it.";
        if (order.ApprovedBy is { } second && (string.IsNullOrWhiteSpace(second) || string.Equals(second.Trim(), order.Who.Trim(), StringComparison.OrdinalIgnoreCase)))
            return $"{order.Who} cannot approve their own order: a second person must.";
        return consoleNowMs > order.ValidUntilMs
            ? $"The order came {Math.Max(1, (ulong)(consoleNowMs - order.ValidUntilMs) / 1000)} s after its time was over: nothing was done. Order anew."
            : null;
    }
}
