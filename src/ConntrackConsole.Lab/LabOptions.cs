using ConntrackConsole.Lab.Scenarios;

namespace ConntrackConsole.Lab;

/// <summary>The user's options.</summary>
/// <param name="Scenario">The scenario to run; null = each rolling update in turn.</param>
/// <param name="Interval">Time between the starts of two scenarios.</param>
/// <param name="Rollouts">Number of scenarios to run; null = no limit.</param>
/// <param name="Connections">Connections per client.</param>
/// <param name="Port">The console's port; null = 5080 plus the instance's number, or another free one.</param>
/// <param name="Labels">File for the ground truth, or null.</param>
/// <param name="Events">File for events, or null.</param>
/// <param name="Data">Directory for databases and logs, kept at exit; null = a temporary one.</param>
/// <param name="WithConsole">False: only the network and the workload.</param>
/// <param name="Forbidden">Plural names of the resources that the API server does not let the console read.</param>
/// <param name="Probes">The kubelets probe their pods, which fills the nodes' tables with TIME_WAIT entries.</param>
internal sealed record LabOptions(
    Scenario? Scenario, TimeSpan Interval, int? Rollouts, int Connections, int? Port, string? Labels, string? Events, string? Data, bool WithConsole,
    IReadOnlyList<string> Forbidden, bool Probes)
{
    /// <summary>How it differs from the plain lab.</summary>
    public LabVariant Variant { get; init; } = LabVariant.Plain;
}
