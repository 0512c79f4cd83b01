using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Collector.Commands.Settings;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;

namespace ConntrackConsole.Collector.Commands;

/// <summary>Orders of the console on their way to the desks, and the journal on its way to the console.</summary>
/// <param name="journal">What the console has not heard of stands there.</param>
/// <param name="flushes">Lists and deletes.</param>
/// <param name="settings">Reads, writes and sets back.</param>
/// <param name="recall">Tells what became of an action.</param>
/// <param name="stop">The program ends: a flush stops between two chunks.</param>
internal sealed class CommandDispatcher(ActionJournal journal, FlushHandler flushes, SettingHandler settings, RecallHandler recall, CancellationToken stop)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    // Shorter than what the journal waits before it reports an act of which an answer is on its way.
    private static readonly TimeSpan AnswerTime = JournalReports.AnswerTime - TimeSpan.FromSeconds(1);

    public void Listen(HubConnection connection)
    {
        // Each on a thread of the pool: an order may take seconds, and messages behind it must not wait.
        connection.On<PreviewRequest?, FlushPreview>(HubMethods.Preview, request => Task.Run(() => flushes.Preview(request)));
        connection.On<FlushOutcomeRequest?, FlushOutcomeSample>(HubMethods.FlushOutcome, request => Task.Run(() => flushes.Meter(request)));
        connection.On<SettingRequest?, SettingReading>(HubMethods.ReadSetting, request => Task.Run(() => settings.Read(request)));
        connection.On<FlushNodeCommand?, FlushResult>(HubMethods.Flush, request => Task.Run(() =>
            Answered(connection, flushes.Flush(request, stop), result => result.ActionId)));
        connection.On<SettingNodeCommand?, SettingResult>(HubMethods.ApplySetting, order => Task.Run(() =>
            Answered(connection, settings.Apply(order, stop: stop), result => result.ActionId)));
        connection.On<RevertNodeCommand?, SettingResult>(HubMethods.RevertSetting, order => Task.Run(() =>
            Answered(connection, settings.Revert(order, stop: stop), result => result.ActionId)));
        connection.On<RecallRequest?, RecallAnswer>(HubMethods.Recall, request => Task.Run(() =>
            Answered(connection, recall.Recall(request), answer => answer.ActionId)));
    }

    /// <summary>Tells the console of acts that no answer has told it of, until the connection ends.</summary>
    public async Task TellAsync(HubConnection connection, CancellationToken ended)
    {
        while (true)
        {
            while (journal.Untold() is { } report)
            {
                try
                {
                    long number = await connection.InvokeAsync<long>(HubMethods.Journal, report, ended);
                    long last = report.Entries[^1].Number;
                    if (number < report.Entries[0].Number)
                        break; // It could not write them down; a second later it may.
                    journal.Told(Math.Min(number, last));
                }
                catch (HubException)
                {
                    // A console that is older than this, or cannot write now: frames matter more than to insist.
                    await Task.Delay(TimeSpan.FromMinutes(1), ended);
                }
                catch (IOException)
                {
                    break; // Not written down here; it is told again, and the console knows it by its number.
                }
            }

            await Task.Delay(LookEvery, ended);
        }
    }

    // The connection that still stands a few seconds after an answer has carried it.
    private T Answered<T>(HubConnection connection, T result, Func<T, string> actionId)
    {
        _ = MarkAsync();
        return result;

        async Task MarkAsync()
        {
            await Task.Delay(AnswerTime, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested || connection.State != HubConnectionState.Connected)
                return;
            try
            {
                journal.Answered(actionId(result));
            }
            catch (IOException)
            {
                // Then it is reported too.
            }
        }
    }
}
