using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli.Json;

/// <summary>Result of a flush from the command line; <paramref name="Deleted"/> and the counts after it are null in a dry run.</summary>
internal sealed record FlushJson(
    string PodIp, string Preset, bool DryRun, IReadOnlyList<FlowEntry> Entries, int? Deleted, int? AlreadyGone, int? Alive,
    int? Failed, int? Remaining, IReadOnlyList<string> Errors, IpvsConnectionSummary? Ipvs);
