namespace ConntrackConsole.Timeline.Model;

/// <summary>The entries of a Service to one of its backends on one node.</summary>
/// <param name="Reports">The node reports: the counts are current.</param>
/// <param name="Live">In states in which packets use them.</param>
/// <param name="Closing">In closing states (TIME_WAIT, CLOSE …).</param>
internal sealed record BackendEntries(
    string Node, bool Reports, string Vip, int Port, string BackendIp, int BackendPort, EntryState State, long Live, long Closing);
