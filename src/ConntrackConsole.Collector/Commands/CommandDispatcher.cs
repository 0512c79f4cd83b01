using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Collector.Commands.Settings;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;

namespace ConntrackConsole.Collector.Commands;

/// <summary>Routes commands of the console to their handlers, and reports the journal to the console.</summary>
/// <param name="journal">Contains what is not yet reported to the console.</param>
/// <param name="flushes">Lists and deletes entries.</param>
/// <param name="settings">Reads, writes and reverts settings.</param>
/// <param name="recall">Returns the outcome of an action.</param>
/// <param name="stop">Shutdown: a flush stops between two chunks.</param>
internal sealed class CommandDispatcher(ActionJournal journal, FlushHandler flushes, SettingHandler settings, RecallHandler recall, CancellationToken stop)
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(1);
    // Shorter than the time for which the journal waits for a result in transit before it reports the action.
    private static readonly TimeSpan AnswerTimeout = JournalReports.AnswerTimeout - TimeSpan.FromSeconds(1);

    public void Register(HubConnection connection)
    {
        // Each on a thread of the pool: a command may take seconds, and later messages must not wait for it.
        connection.On<PreviewRequest?, FlushPreview>(HubMethods.Preview, request => Task.Run(() => flushes.Preview(request)));
        connection.On<FlushOutcomeRequest?, FlushOutcomeSample>(HubMethods.FlushOutcome, request => Task.Run(() => flushes.ReadOutcome(request)));
        connection.On<SettingRequest?, SettingReading>(HubMethods.ReadSetting, request => Task.Run(() => settings.Read(request)));
        connection.On<FlushNodeCommand?, FlushResult>(HubMethods.Flush, request => Task.Run(() =>
            Answered(connection, flushes.Flush(request, stop), result => result.ActionId)));
        connection.On<SettingNodeCommand?, SettingResult>(HubMethods.ApplySetting, command => Task.Run(() =>
            Answered(connection, settings.Apply(command, stop: stop), result => result.ActionId)));
        connection.On<RevertNodeCommand?, SettingResult>(HubMethods.RevertSetting, command => Task.Run(() =>
            Answered(connection, settings.Revert(command, stop: stop), result => result.ActionId)));
        connection.On<RecallRequest?, RecallAnswer>(HubMethods.Recall, request => Task.Run(() =>
            Answered(connection, recall.Recall(request), answer => answer.ActionId)));
    }

    /// <summary>Reports actions to the console that it has received no result of, until the connection ends.</summary>
    public async Task ReportAsync(HubConnection connection, CancellationToken ended)
    {
        while (true)
        {
            while (journal.NextReport() is { } report)
            {
                try
                {
                    long number = await connection.InvokeAsync<long>(HubMethods.Journal, report, ended);
                    long last = report.Entries[^1].Number;
                    if (number < report.Entries[0].Number)
                        break; // The console could not store them; retry in a second.
                    journal.MarkReported(Math.Min(number, last));
                }
                catch (HubException)
                {
                    // The console is older than this collector, or cannot store them now: retry rarely.
                    await Task.Delay(TimeSpan.FromMinutes(1), ended);
                }
                catch (IOException)
                {
                    break; // Not recorded here; it is reported again, and the console recognizes it by its number.
                }
            }

            await Task.Delay(ReportInterval, ended);
        }
    }

    // A connection that is still open a few seconds after a result has delivered it.
    private T Answered<T>(HubConnection connection, T result, Func<T, string> actionId)
    {
        _ = MarkAsync();
        return result;

        async Task MarkAsync()
        {
            await Task.Delay(AnswerTimeout, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested || connection.State != HubConnectionState.Connected)
                return;
            try
            {
                journal.MarkAnswered(actionId(result));
            }
            catch (IOException)
            {
                // It is reported in addition.
            }
        }
    }
}
