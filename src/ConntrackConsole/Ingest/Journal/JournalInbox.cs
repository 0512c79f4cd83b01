using System.Threading.Channels;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ingest.Journal;

/// <summary>
/// Queues journal reports between the collectors' connections and their single consumer. A full inbox makes the collector wait;
/// it resends a report until the console acknowledges it, so nothing is lost.
/// </summary>
internal sealed class JournalInbox
{
    private const int Capacity = 256;

    private readonly Channel<ReceivedJournal> _reports = Channel.CreateBounded<ReceivedJournal>(
        new BoundedChannelOptions(Capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    /// <summary>Passes a report to the consumer and waits for its acknowledgement.</summary>
    /// <returns>The number up to which every entry is in the audit log.</returns>
    public async Task<long> PutAsync(string node, JournalReport report, CancellationToken ct)
    {
        var received = new ReceivedJournal(node, report, ct);
        await _reports.Writer.WriteAsync(received, ct);
        return await received.Acknowledged.WaitAsync(ct);
    }

    public IAsyncEnumerable<ReceivedJournal> ReadAllAsync(CancellationToken ct) => _reports.Reader.ReadAllAsync(ct);
}
