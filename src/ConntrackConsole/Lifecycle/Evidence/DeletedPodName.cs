using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Lifecycle.Evidence;

/// <summary>
/// Finds the pod that a controller's event SuccessfulDelete is about. The event is about the controller, and no release sets the
/// field "related", so the name is in the message only; its wording differs by controller and release, and similar events are combined.
/// </summary>
internal static class DeletedPodName
{
    private const string Combined = "(combined from similar events): ";

    // ReplicaSet, DaemonSet, Job: "Deleted pod: web-x2x9d". StatefulSet: "delete Pod web-0 in StatefulSet web successful", since 1.36 "Delete Pod …".
    private static readonly string[] Phrases = ["deleted pod: ", "delete pod "];

    public static string? Of(ObjectEvent reported)
    {
        ArgumentNullException.ThrowIfNull(reported);
        if (reported.RelatedPod is { Length: > 0 } related)
            return related;
        var message = reported.Message.AsSpan();
        if (message.StartsWith(Combined, StringComparison.Ordinal))
            message = message[Combined.Length..];
        foreach (string phrase in Phrases)
        {
            if (message.StartsWith(phrase, StringComparison.OrdinalIgnoreCase))
                return FirstWord(message[phrase.Length..]);
        }

        // Any other wording: a controller names its pods after itself.
        foreach (var range in message.Split(' '))
        {
            var word = message[range].Trim("\"'.,:;()");
            if (word.Length > reported.InvolvedName.Length + 1 && word.StartsWith(reported.InvolvedName, StringComparison.Ordinal) && word[reported.InvolvedName.Length] == '-')
                return word.ToString();
        }

        return null;
    }

    private static string? FirstWord(ReadOnlySpan<char> text)
    {
        text = text.TrimStart();
        int space = text.IndexOf(' ');
        var word = space < 0 ? text : text[..space];
        return word.IsEmpty ? null : word.ToString();
    }
}
