namespace ConntrackConsole.Lab.Scenarios;

/// <summary>Several scenarios at once, each with a Service of its own.</summary>
internal sealed class Mix(string name, IReadOnlyList<Scenario> parts) : Scenario
{
    public override string Name => name;

    public override string Summary => $"at once: {string.Join(", ", parts)}";

    public override IReadOnlyList<Scenario> Parts => parts;

    public override bool Supports(LabVariant variant) => parts.All(part => part.Supports(variant));

    public override Task RunAsync(LabCluster lab) => Task.WhenAll(parts.Select(part => part.RunAsync(lab)));
}
