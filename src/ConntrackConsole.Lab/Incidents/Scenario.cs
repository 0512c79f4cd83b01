namespace ConntrackConsole.Lab.Incidents;

/// <summary>The fault of a rolling update.</summary>
internal enum Scenario
{
    /// <summary>None: every pod drains.</summary>
    Healthy,
    /// <summary>One pod's network disappears before its process ends: its connections hang (M4).</summary>
    Blackhole,
    /// <summary>Backends send segments beyond the window: clients reset the pod's own address (M1).</summary>
    Invalid,
    /// <summary>The server does not drain: the kernel resets its connections (M3).</summary>
    EarlyExit,
}

internal static class Scenarios
{
    public static readonly IReadOnlyList<(string Name, Scenario Scenario)> All =
        [("healthy", Scenario.Healthy), ("blackhole", Scenario.Blackhole), ("invalid", Scenario.Invalid), ("early-exit", Scenario.EarlyExit)];

    public static string Name(this Scenario scenario) => All.First(entry => entry.Scenario == scenario).Name;

    public static Scenario? TryParse(string name)
    {
        foreach (var entry in All)
        {
            if (entry.Name == name)
                return entry.Scenario;
        }

        return null;
    }
}
