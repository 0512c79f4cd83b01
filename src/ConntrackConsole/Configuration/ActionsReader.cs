namespace ConntrackConsole.Configuration;

/// <summary>Reads and checks the settings of actions.</summary>
internal static class ActionsReader
{
    private static readonly string[] Fields = ["Action", "Preset", "Namespace", "MoreThan", "Require"];
    private static readonly string[] Presets = ["safe", "dead-backend", "all"];
    private static readonly string[] Demands = ["confirmation", "approval", "refuse"];

    public static ActionsSettings Read(IConfiguration configuration, List<string> faults)
    {
        var usual = new ActionsSettings();
        return new ActionsSettings(
            // A slip of the pen in the one setting that forbids everything is a fault, never a "no".
            SettingsReader.Flag(configuration, Setting.ActionsReadOnly, faults) ?? false,
            SettingsReader.Number(configuration, Setting.ActionsPerUser, usual.PerUser, 1, 1_000, faults),
            SettingsReader.Number(configuration, Setting.ActionsPerNode, usual.PerNode, 1, 1_000, faults),
            SettingsReader.Number(configuration, Setting.ActionsPerCluster, usual.PerCluster, 1, 10_000, faults),
            SettingsReader.Number(configuration, Setting.ActionsCanarySeconds, usual.CanarySeconds, 1, 300, faults))
        {
            Policy = [.. configuration.GetSection(Setting.ActionsPolicy).GetChildren().Select(rule => Rule(rule, faults))],
        };
    }

    private static PolicySettings Rule(IConfigurationSection rule, List<string> faults)
    {
        foreach (var child in rule.GetChildren().Where(c => !Fields.Contains(c.Key, StringComparer.OrdinalIgnoreCase)))
            faults.Add($"{child.Path} is no key of a rule; known are {string.Join(", ", Fields)}.");
        string? preset = SettingsReader.Text(rule, "Preset"), require = SettingsReader.Text(rule, "Require"), more = SettingsReader.Text(rule, "MoreThan");
        if (preset is not null && !Presets.Contains(preset))
            faults.Add($"{rule.Path}:Preset is '{preset}': set it to {string.Join(", ", Presets)}, or leave it out.");
        if (require is null || !Demands.Contains(require))
            faults.Add($"{rule.Path}:Require is '{require}': set it to {string.Join(", ", Demands)} (a rule can only ask for more).");
        int? moreThan = more is null ? null : SettingsReader.Number(rule, "MoreThan", 0, 0, 1_000_000, faults);
        return new PolicySettings(SettingsReader.Text(rule, "Action"), preset, SettingsReader.Text(rule, "Namespace"), moreThan, require ?? "");
    }
}
