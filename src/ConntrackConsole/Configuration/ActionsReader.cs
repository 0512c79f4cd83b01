using ConntrackConsole.Wire;

namespace ConntrackConsole.Configuration;

/// <summary>Reads and checks the settings of actions.</summary>
internal static class ActionsReader
{
    private static readonly string[] Presets = ["safe", "dead-backend", "all"];
    private static readonly string[] Demands = ["confirmation", "approval", "refuse"];

    public static ActionsSettings Read(IConfiguration configuration, List<string> faults)
    {
        var usual = new ActionsSettings();
        if (configuration[Setting.ActionsPolicy] is { Length: > 0 } text)
            faults.Add($"{Setting.ActionsPolicy} is '{text}', but it is a list: set {Setting.ActionsPolicy}:0:Require and what the rule matches.");
        return new ActionsSettings(
            // A slip of the pen in the one setting that forbids everything is a fault, never a "no".
            SettingsReader.Flag(configuration, Setting.ActionsReadOnly, faults) ?? false,
            SettingsReader.Number(configuration, Setting.ActionsPerUser, usual.PerUser, 1, 1_000, faults),
            SettingsReader.Number(configuration, Setting.ActionsPerNode, usual.PerNode, 1, 1_000, faults),
            SettingsReader.Number(configuration, Setting.ActionsPerCluster, usual.PerCluster, 1, 10_000, faults),
            SettingsReader.Number(configuration, Setting.ActionsCanarySeconds, usual.CanarySeconds, 1, 300, faults))
        {
            Policy = [.. configuration.GetSection(Setting.ActionsPolicy).GetChildren()
                .Where(place => place.GetChildren().Any() || !string.IsNullOrEmpty(place.Value)).Select(place => Rule(configuration, place.Path, faults))],
        };
    }

    private static PolicySettings Rule(IConfiguration configuration, string rule, List<string> faults)
    {
        string? preset = SettingsReader.Text(configuration, rule + ":Preset"), require = SettingsReader.Text(configuration, rule + ":Require"), more = SettingsReader.Text(configuration, rule + ":MoreThan");
        if (SettingsReader.Text(configuration, rule + ":Action") is { } action && action != "flush" && SettingCatalog.Find(action) is null)
            faults.Add($"{rule}:Action is '{action}': set it to flush or the name of a setting, or leave it out; as it is the rule would never match.");
        if (preset is not null && !Presets.Contains(preset))
            faults.Add($"{rule}:Preset is '{preset}': set it to {string.Join(", ", Presets)}, or leave it out.");
        if (require is null || !Demands.Contains(require))
            faults.Add($"{rule}:Require is '{require}': set it to {string.Join(", ", Demands)} (a rule can only ask for more).");
        int? moreThan = more is null ? null : SettingsReader.Number(configuration, rule + ":MoreThan", 0, 0, 1_000_000, faults);
        return new PolicySettings(SettingsReader.Text(configuration, rule + ":Action"), preset, SettingsReader.Text(configuration, rule + ":Namespace"), moreThan, require ?? "");
    }
}
