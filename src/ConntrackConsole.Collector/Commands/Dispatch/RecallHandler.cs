using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Collector.Commands.Settings;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Dispatch;

/// <summary>Returns the outcome of an action, and fences an action that never began.</summary>
internal sealed class RecallHandler(string node, ActionJournal journal, FlushHandler flushes, SettingHandler settings)
{
    /// <exception cref="IOException">The fence is not durable.</exception>
    public RecallAnswer Recall(RecallRequest? request)
    {
        string? actionId = request?.ActionId;
        // An action with such an id can never begin here.
        if (NodeCommandGuard.RefuseId(actionId) is not null)
            return new RecallAnswer(QuotedText.Truncate(actionId), node, false, null, null);
        if (journal.TryFence(actionId!))
            return new RecallAnswer(actionId!, node, false, null, null);
        bool isFlush = journal.Find(actionId!)?.Begin.Kind == JournalKind.Flush;
        return new RecallAnswer(
            actionId!, node, true, isFlush ? flushes.Recall(actionId!) : null, isFlush ? null : settings.Recall(actionId!));
    }
}
