namespace ConntrackConsole.Collector.Execute;

/// <summary>A change of a setting in the journal.</summary>
/// <param name="Phase">begin or end.</param>
/// <param name="Now">The value that was read back; null at the beginning and where it could not be read.</param>
internal sealed record SettingLine(
    DateTimeOffset At, string Phase, string ActionId, string Setting, string? Reason, string Before, string Wanted, string? Now = null);
