using ConntrackConsole.Wire;

namespace ConntrackConsole.Ingest;

/// <summary>Where nodes' journals arrive. Who writes them down says so at the start.</summary>
public sealed class JournalInbox
{
    /// <summary>Takes a node's report and says up to which number it is written down.</summary>
    public Func<string, JournalReport, CancellationToken, Task<long>>? Taker { get; set; }
}
