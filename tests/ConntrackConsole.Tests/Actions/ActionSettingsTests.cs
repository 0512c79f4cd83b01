using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Configuration;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace ConntrackConsole.Tests.Actions;

public class ActionSettingsTests
{
    private static ConsoleSettings Read(params (string Key, string Value)[] values) =>
        SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(values.ToDictionary(v => v.Key, v => (string?)v.Value)).Build());

    [Fact]
    public void Of_NothingSet_IsTheUsual()
    {
        var settings = ActionSettings.Of(Read().Actions);
        Assert.Equal((false, new RateLimits(10, 20, 30), 5_000), (settings.ReadOnly, settings.Rates, settings.CanaryMs));
        Assert.Empty(settings.Policy);
    }

    [Fact]
    public void Of_EverythingSet_IsInTheGuardsWords()
    {
        var settings = ActionSettings.Of(Read(
            ("Actions:ReadOnly", "true"), ("Actions:PerUser", "1"), ("Actions:PerNode", "2"), ("Actions:PerCluster", "3"), ("Actions:CanarySeconds", "4"),
            ("Actions:Policy:0:Action", "flush"), ("Actions:Policy:0:Preset", "dead-backend"), ("Actions:Policy:0:Namespace", "shop"),
            ("Actions:Policy:0:MoreThan", "100"), ("Actions:Policy:0:Require", "approval"),
            ("Actions:Policy:1:Action", "nf_conntrack_max"), ("Actions:Policy:1:Require", "refuse"),
            ("Actions:Policy:2:Preset", "safe"), ("Actions:Policy:2:Require", "confirmation"), ("Actions:Policy:3:Preset", "all"), ("Actions:Policy:3:Require", "refuse")).Actions);
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
    public void Read_SeveralFaults_AreAllListedWithTheirKeys()
    {
        var fault = Assert.Throws<StartFault>(() => Read(
            ("Actions:ReadOnly", "yes"), ("Actions:PerUser", "0"), ("Actions:PerNode", "many"), ("Actions:PerCluster", "-1"), ("Actions:CanarySeconds", "301"),
            ("Actions:ReadOnyl", "true"), ("Actions:Policy:0:Requires", "approval"), ("Actions:Policy:1:Require", "allow"),
            ("Actions:Policy:2:Require", "refuse"), ("Actions:Policy:2:Preset", "everything"), ("Actions:Policy:3:Require", "refuse"), ("Actions:Policy:3:MoreThan", "-1"),
            ("Actions:Policy:4:Require", "refuse"), ("Actions:Policy:4:Action", "nf_conntrack_tcp_be_libral"), ("Actions:Policy:5", "refuse")));
        string[] keys =
        [
            "Actions:ReadOnly is", "Actions:PerUser", "Actions:PerNode", "Actions:PerCluster", "Actions:CanarySeconds", "Actions:ReadOnyl", "Actions:Policy:0:Requires",
            "Actions:Policy:0:Require is", "Actions:Policy:1:Require", "Actions:Policy:2:Preset", "Actions:Policy:3:MoreThan", "Actions:Policy:4:Action", "Actions:Policy:5:Require",
        ];
        Assert.All(keys, key => Assert.Contains($"\n  - {key}", fault.Message));
    }

    /// <summary>A rule that nobody reads would be a guard that is silently not there.</summary>
    [Fact]
    public void Read_PolicyThatIsNoList_IsAFault() =>
        Assert.Contains("\n  - Actions:Policy is", Assert.Throws<StartFault>(() => Read(("Actions:Policy", "approval"))).Message);
}
