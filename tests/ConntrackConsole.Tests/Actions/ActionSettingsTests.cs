using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Configuration;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Configuration.TestConfiguration;

namespace ConntrackConsole.Tests.Actions;

public class ActionSettingsTests
{
    [Fact]
    public void Of_NothingSet_HasDefaults()
    {
        var settings = ActionSettings.Of(Read<ActionsOptions>());
        Assert.Equal((false, new RateLimits(10, 20, 30), 5_000), (settings.ReadOnly, settings.Rates, settings.CanaryMs));
        Assert.Empty(settings.Policy);
    }

    [Fact]
    public void Of_EverythingSet_IsConverted()
    {
        var settings = ActionSettings.Of(Read<ActionsOptions>(
            ("Actions:ReadOnly", "true"), ("Actions:PerUser", "1"), ("Actions:PerNode", "2"), ("Actions:PerCluster", "3"), ("Actions:CanarySeconds", "4"),
            ("Actions:Policy:0:Action", "flush"), ("Actions:Policy:0:Preset", "dead-backend"), ("Actions:Policy:0:Namespace", "shop"),
            ("Actions:Policy:0:MoreThan", "100"), ("Actions:Policy:0:Require", "approval"),
            ("Actions:Policy:1:Action", "nf_conntrack_max"), ("Actions:Policy:1:Require", "refuse"),
            ("Actions:Policy:2:Preset", "safe"), ("Actions:Policy:2:Require", "confirmation"), ("Actions:Policy:3:Preset", "all"), ("Actions:Policy:3:Require", "refuse")));
        Assert.Equal((true, new RateLimits(1, 2, 3), 4_000), (settings.ReadOnly, settings.Rates, settings.CanaryMs));
        Assert.Equal(
        [
            new PolicyRule("flush", FlushPreset.DeadBackend, "shop", 100, GuardDecision.NeedsApproval),
            new PolicyRule("nf_conntrack_max", null, null, null, GuardDecision.Refuse),
            new PolicyRule(null, FlushPreset.Safe, null, null, GuardDecision.NeedsConfirmation),
            new PolicyRule(null, FlushPreset.All, null, null, GuardDecision.Refuse),
        ], settings.Policy);
    }

    [Fact]
    public void Read_SeveralErrors_AreAllListedWithTheirKeys() =>
        AssertErrors(
        [
            ("config.unknown_key", "Actions:ReadOnyl"), ("config.unknown_key", "Actions:Policy:5"), ("config.unknown_key", "Actions:Policy:0:Requires"),
            ("config.not_a_boolean", "Actions:ReadOnly"), ("config.out_of_range", "Actions:PerUser"), ("config.not_a_number", "Actions:PerNode"),
            ("config.out_of_range", "Actions:PerCluster"), ("config.out_of_range", "Actions:CanarySeconds"), ("config.unknown_value", "Actions:Policy:1:Require"),
            ("config.unknown_value", "Actions:Policy:2:Preset"), ("config.out_of_range", "Actions:Policy:3:MoreThan"), ("config.missing", "Actions:Policy:0:Require"),
            ("config.unknown_value", "Actions:Policy:4:Action"), ("config.missing", "Actions:Policy:5:Require"),
        ],
            ("Actions:ReadOnly", "yes"), ("Actions:PerUser", "0"), ("Actions:PerNode", "many"), ("Actions:PerCluster", "-1"), ("Actions:CanarySeconds", "301"),
            ("Actions:ReadOnyl", "true"), ("Actions:Policy:0:Requires", "approval"), ("Actions:Policy:1:Require", "allow"),
            ("Actions:Policy:2:Require", "refuse"), ("Actions:Policy:2:Preset", "everything"), ("Actions:Policy:3:Require", "refuse"), ("Actions:Policy:3:MoreThan", "-1"),
            ("Actions:Policy:4:Require", "refuse"), ("Actions:Policy:4:Action", "nf_conntrack_tcp_be_libral"), ("Actions:Policy:5", "refuse"));

    /// <summary>A rule that is not read would be a guard that silently does not exist.</summary>
    [Fact]
    public void Read_PolicyThatIsNotAList_IsAnError() =>
        Assert.Equal([("config.not_a_list", "Actions:Policy")], Errors(("Actions:Policy", "approval")));
}
