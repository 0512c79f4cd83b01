
using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Collector.Commands.Settings;
using ConntrackConsole.Collector.Journal;

namespace ConntrackConsole.Collector.Commands;

/// <summary>
/// Once a second in the daemon: hears what commands typed on the node wrote into the journal, ends what was cut off, sets back
/// what is due. On a thread of its own, as /proc/sys/net belongs to the namespace of whoever opens it.
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
                string sentence = $"The journal in {journal.StateDirectory} cannot be used, so nothing is done or set back until it can: {failure.Message}";
                if (sentence != lastLogged)
                    log.WriteLine(sentence);
                lastLogged = sentence;
            }
        }
        while (!stop.WaitHandle.WaitOne(Interval));
    }
}
