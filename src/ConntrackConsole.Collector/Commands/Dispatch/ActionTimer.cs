using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Collector.Commands.Settings;
using ConntrackConsole.Collector.Journal;

namespace ConntrackConsole.Collector.Commands.Dispatch;

/// <summary>
/// Runs once per second in the daemon: reads what commands run on the node appended to the journal, resolves interrupted actions,
/// reverts changes that are due. Has its own thread, because /proc/sys/net belongs to the network namespace of the thread that
/// opens it.
/// </summary>
internal sealed class ActionTimer(ActionJournal journal, FlushHandler flushes, SettingHandler settings, TextWriter log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    public void Run(CancellationToken stop)
    {
        string? lastLogged = null;
        using var presence = new DaemonPresence(journal.StateDirectory);
        do
        {
            try
            {
                presence.Announce();
                journal.CatchUp();
                flushes.Tick();
                settings.Tick();
                lastLogged = null;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                string sentence = $"The journal in {journal.StateDirectory} cannot be used; nothing is executed or reverted until it can: {failure.Message}";
                if (sentence != lastLogged)
                    log.WriteLine(sentence);
                lastLogged = sentence;
            }
        }
        while (!stop.WaitHandle.WaitOne(Interval));
    }
}
