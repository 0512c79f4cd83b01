using System.ComponentModel.DataAnnotations;
using ConntrackConsole.Configuration.Keys;

namespace ConntrackConsole.Configuration;

/// <summary>How rollouts are measured.</summary>
[ConfigurationSection("Rollouts")]
internal sealed class RolloutsOptions
{
    [ConfigurationKey("seconds after a rollout's last pod for which resets and hanging connections are awaited; then its evidence is complete"), Range(5, 600)]
    public int SettleSeconds { get; set; } = 60;
}

internal sealed class RolloutsOptionsValidator : OptionsValidator<RolloutsOptions>
{
    protected override IEnumerable<ConfigurationError> Check(RolloutsOptions options) => [];
}
