
using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Collector.Commands.Settings;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands;

/// <summary>Tells what became of an action, and makes sure that one which never began never will.</summary>
internal sealed class RecallHandler(string node, ActionJournal journal, FlushHandler flushes, SettingHandler settings)
{
    /// <exception cref="IOException">Nothing can be promised: the fence is not on the disk.</exception>
    public RecallAnswer Recall(RecallRequest? request)
    {
        string? actionId = request?.ActionId;
        // Such an id can never begin here.
        if (NodeCommandGuard.RefuseId(actionId) is not null)
            return new RecallAnswer(FlushFilter.Truncate(actionId ?? ""), node, false, null, null);
        if (journal.TryFence(actionId!))
            return new RecallAnswer(actionId!, node, false, null, null);
        bool isFlush = journal.Find(actionId!)?.Begin.Kind == JournalKind.Flush;
        return new RecallAnswer(
            actionId!, node, true, isFlush ? flushes.Recall(actionId!) : null, isFlush ? null : settings.Recall(actionId!));
    }
}
