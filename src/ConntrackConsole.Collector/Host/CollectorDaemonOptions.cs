using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Collector.Observation.Resets;
using ConntrackConsole.Collector.Uplink;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Host;

/// <summary>Configuration of <see cref="CollectorDaemon"/>.</summary>
/// <param name="Console">Address of the console.</param>
/// <param name="Credential">This node's name and secret.</param>
/// <param name="StateDirectory">Holds the journal and the frames that wait for the console; must survive restarts.</param>
/// <param name="PodRanges">Address ranges of pods.</param>
/// <param name="Resets">How TCP resets are observed.</param>
/// <param name="ObserveOnly">Refusal for every command of the console; null if commands are allowed.</param>
internal sealed record CollectorDaemonOptions(
    ConsoleAddress Console, NodeCredential Credential, string StateDirectory, IReadOnlyList<Cidr> PodRanges, ResetChoice Resets, Reason? ObserveOnly);
