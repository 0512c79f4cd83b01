using ConntrackConsole.Wire;

namespace ConntrackConsole.Ingest.Journal;

/// <summary>A node's journal report that waits for its acknowledgement.</summary>
/// <param name="connection">Cancelled when the collector's connection ends: the acknowledgement can no longer be delivered.</param>
internal sealed class ReceivedJournal(string node, JournalReport report, CancellationToken connection)
{
    // The hub's continuation must not run on the consumer's thread.
    private readonly TaskCompletionSource<long> _acknowledged = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Node { get; } = node;

    public JournalReport Report { get; } = report;

    public CancellationToken Connection { get; } = connection;

    /// <summary>The number up to which every entry is in the audit log.</summary>
    public Task<long> Acknowledged => _acknowledged.Task;

    public void Acknowledge(long number) => _acknowledged.TrySetResult(number);

    /// <summary>The entries could not be written; the collector resends them.</summary>
    public void Reject(Exception failure) => _acknowledged.TrySetException(failure);
}
