
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab;

/// <summary>What the user asked for.</summary>
/// <param name="Scenario">The scenario of every rolling update; null = all in turn.</param>
/// <param name="Interval">From one rolling update to the next.</param>
/// <param name="Rollouts">How many rolling updates; null = until stopped.</param>
/// <param name="Connections">Connections of each client.</param>
/// <param name="Port">The console's port; null = 5080 plus the instance's number, or another free one.</param>
/// <param name="Labels">File for the ground truth, or null.</param>
/// <param name="Events">File for events, or null.</param>
/// <param name="Data">Directory for databases and logs, kept; null = a temporary one.</param>
/// <param name="WithConsole">False for the network and the workload alone.</param>
/// <param name="Forbidden">Kinds that the API server refuses to tell the console, as plurals.</param>
internal sealed record LabOptions(
    Scenario? Scenario, TimeSpan Interval, int? Rollouts, int Connections, int? Port, string? Labels, string? Events, string? Data, bool WithConsole,
    IReadOnlyList<string> Forbidden);
