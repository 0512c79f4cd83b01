namespace ConntrackConsole.Collector.Cli.Json;

/// <summary>A setting change; <paramref name="Now"/> is null in a dry run.</summary>
internal sealed record SettingJson(string Key, string Before, string Wanted, string? Now, bool DryRun, DateTimeOffset? RevertAt);
