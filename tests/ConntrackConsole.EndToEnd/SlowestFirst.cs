using Xunit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(ConntrackConsole.EndToEnd.SlowestFirst))]

namespace ConntrackConsole.EndToEnd;

/// <summary>Starts the test classes that take minutes before the others: started last, they would run alone at the end.</summary>
public sealed class SlowestFirst : ITestCollectionOrderer
{
    private static readonly string[] Long =
    [
        "ExplainTests", "ActionBothKilledTests", "ActionConsoleKilledTests", "NodeFaultTests", "SettingBothKilledTests", "ActionCollectorKilledTests", "SettingConsoleKilledTests",
        "FaultScenarioTests", "ControlPlaneTests", ".OutageTests", "ScenarioTests", "FindingTests", "SettingCollectorKilledTests", "InvalidTests", "BlackHoleTests", "HealthyLab",
        "LoadTests",
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(Place).ThenBy(collection => collection.TestCollectionDisplayName, StringComparer.Ordinal)];

    private static int Place<TTestCollection>(TTestCollection collection)
        where TTestCollection : ITestCollection =>
        Array.FindIndex(Long, name => collection.TestCollectionDisplayName.Contains(name, StringComparison.Ordinal)) is >= 0 and var place ? place : Long.Length;
}
