using System.ComponentModel.DataAnnotations;
using ConntrackConsole.Configuration.Keys;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Configuration;

/// <summary>What may be changed from this console, and how much of it.</summary>
[ConfigurationSection("Actions")]
internal sealed class ActionsOptions
{
    [ConfigurationKey("true: nothing can be changed from this console")]
    public bool ReadOnly { get; set; }

    [ConfigurationKey("maximum number of executed actions of one person in ten minutes"), Range(1, 1_000)]
    public int PerUser { get; set; } = 10;

    [ConfigurationKey("maximum number of executed actions on one node in ten minutes"), Range(1, 1_000)]
    public int PerNode { get; set; } = 20;

    [ConfigurationKey("maximum number of executed actions in the cluster in ten minutes"), Range(1, 10_000)]
    public int PerCluster { get; set; } = 30;

    [ConfigurationKey("seconds for which the first node of a setting is observed before the others follow"), Range(1, 300)]
    public int CanarySeconds { get; set; } = 5;

    public List<PolicyRuleOptions> Policy { get; set; } = [];
}

/// <summary>A rule that can only make the guards stricter; null matches everything.</summary>
internal sealed class PolicyRuleOptions : IListEntry
{
    public const string Confirmation = "confirmation";
    public const string Approval = "approval";
    public const string Refuse = "refuse";

    public string? Path { get; set; }

    [ConfigurationKey("what the rule requires beyond the guards", WhenUnset = "required"), AllowedValues(Confirmation, Approval, Refuse)]
    public string? Require { get; set; }

    [ConfigurationKey("action that the rule matches: flush, or the name of a setting", WhenUnset = "any")]
    public string? Action { get; set; }

    [ConfigurationKey("flush preset that the rule matches", WhenUnset = "any"), AllowedValues("safe", "dead-backend", "all")]
    public string? Preset { get; set; }

    [ConfigurationKey("namespace of the address's owner, or of a Service of the scope, that the rule matches", WhenUnset = "any")]
    public string? Namespace { get; set; }

    [ConfigurationKey("the rule matches only more than so many entries, or nodes of a setting", WhenUnset = "any number"), Range(0, 1_000_000)]
    public int? MoreThan { get; set; }
}

internal sealed class ActionsOptionsValidator(IConfiguration configuration) : OptionsValidator<ActionsOptions>
{
    protected override IEnumerable<ConfigurationError> Check(ActionsOptions options)
    {
        foreach (var rule in options.Policy)
        {
            if (rule.Action is { } action && action != "flush" && SettingCatalog.Find(action) is null)
            {
                yield return new ConfigurationError(
                    ConfigurationErrorCodes.UnknownValue, $"{rule.Path}:{nameof(rule.Action)}",
                    $"{rule.Path}:{nameof(rule.Action)} is '{action}': set it to flush or the name of a setting, or omit it; otherwise the rule would never match.");
            }

            string require = $"{rule.Path}:{nameof(rule.Require)}";
            if (string.IsNullOrWhiteSpace(configuration[require]))
            {
                yield return new ConfigurationError(
                    ConfigurationErrorCodes.Missing, require,
                    $"{require} is not set: set it to {PolicyRuleOptions.Confirmation}, {PolicyRuleOptions.Approval}, {PolicyRuleOptions.Refuse} (a rule can only make the guards stricter).");
            }
        }
    }
}
