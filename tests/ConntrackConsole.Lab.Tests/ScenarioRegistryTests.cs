using System.Reflection;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Cli;
using ConntrackConsole.Lab.Scenarios;
using ConntrackConsole.Tests.Architecture;
using Xunit;

namespace ConntrackConsole.Lab.Tests;

/// <summary>Command line, control lines and docs are made from the registry.</summary>
public sealed class ScenarioRegistryTests
{
    [Fact]
    public void All_HasEveryScenario_OnceAndUnderItsOwnName()
    {
        var classes = typeof(Scenario).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(Scenario)) && !type.IsAbstract && type != typeof(Mix) && type != typeof(MixedRollout));

        Assert.Equal(classes.Select(type => type.Name).Order(), ScenarioRegistry.All.Select(scenario => scenario.GetType().Name).Order());
        Assert.Equal(Listed.Count, Listed.Select(scenario => scenario.Name).Distinct().Count());
    }

    /// <summary>Of two and of three, at one Service and at several, and of look-alikes alone.</summary>
    [Fact]
    public void Mixes_AreOfScenariosOfTheList()
    {
        Assert.All(ScenarioRegistry.Mixes, mix =>
        {
            Assert.InRange(mix.Parts.Count, 2, 3);
            Assert.Equal(mix.Parts.Count, mix.Parts.Distinct().Count());
            Assert.Subset(ScenarioRegistry.All.ToHashSet(), mix.Parts.ToHashSet());
            Assert.Equal((null, null), (mix.Mechanism, mix.Code));
        });
        Assert.Contains(ScenarioRegistry.Mixes, mix => mix.Parts.DistinctBy(part => part.ServiceKey).Count() == 1 && mix.Parts.Count == 3);
        Assert.Contains(ScenarioRegistry.Mixes, mix => mix.Parts.All(part => part.Code is null));
    }

    private static IReadOnlyList<Scenario> Listed => [.. ScenarioRegistry.All, .. ScenarioRegistry.Mixes];

    [Fact]
    public void Scenarios_NameAMechanismWithItsCode()
    {
        string[] codes = [.. typeof(MechanismCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!)];

        Assert.All(ScenarioRegistry.All, scenario =>
        {
            Assert.Equal(scenario.Mechanism is null, scenario.Code is null);
            Assert.True(scenario.Code is null || codes.Contains(scenario.Code), scenario.Name);
            Assert.Matches("^[a-z][a-z-]*[a-z]$", scenario.Name);
        });
    }

    /// <summary>These names are in scripts.</summary>
    [Fact]
    public void InTurn_IsWhatTheLabRunsWithoutAnOption() =>
        Assert.Equal(["healthy", "blackhole", "invalid", "early-exit"], ScenarioRegistry.InTurn.Select(scenario => scenario.Name));

    [Fact]
    public void ControlLines_TakeEachScenario() => Assert.All(
        Listed, scenario => Assert.Equal(new ControlLine.Run(scenario), ControlLine.TryParse($"scenario {scenario.Name}")));

    [Fact]
    public void OperationsPage_ListsTheScenarios()
    {
        string rows = string.Join('\n', Listed.Select(scenario =>
            $"| `{scenario.Name}` | {scenario.Summary} | {(scenario.Parts.Count > 1 ? "one for each" : scenario.Mechanism is { } mechanism ? $"{mechanism}, `{scenario.Code}`" : "none")} |"));

        RepositoryFiles.AssertGenerated(
            "docs/operations.md", "<!-- begin generated: scenarios -->", "<!-- end generated: scenarios -->",
            $"| scenario | what happens | right finding |\n|---|---|---|\n{rows}");
    }
}
