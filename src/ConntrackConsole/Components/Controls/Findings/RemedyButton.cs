using ConntrackConsole.Findings.Explanation;

namespace ConntrackConsole.Components.Controls.Findings;

/// <summary>A button that opens the preview of a remedy: a flush, or a setting.</summary>
public sealed record RemedyButton(string Text, FlushTarget? Flush, SettingTarget? Setting);

/// <summary>A setting that helps.</summary>
/// <param name="Value">Null = the user chooses it.</param>
public sealed record SettingTarget(string Key, string? Value);
