using ConntrackConsole.Nodes;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings.Stored;

/// <summary>
/// What a diagnosis knows of the present, which is in no table: a console has it of its cluster, and one that shows an incident file has it from
/// the file.
/// </summary>
/// <param name="WorkloadOf">Kind/name of the workload of a pod, by its uid.</param>
/// <param name="SettingsOf">The settings of a node.</param>
/// <param name="HelloOf">The introduction of a node's collector.</param>
internal sealed record PresentFacts(Func<string, string?> WorkloadOf, Func<string, IReadOnlyDictionary<string, SettingFact>?> SettingsOf, Func<string, Hello?> HelloOf);
