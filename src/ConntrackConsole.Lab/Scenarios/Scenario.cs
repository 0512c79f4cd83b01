namespace ConntrackConsole.Lab.Scenarios;

/// <summary>
/// Something that happens to the cluster and its network, and the labels that it writes. One class in one file; listed in
/// <see cref="ScenarioRegistry"/>, from which the command line, the control lines and the docs are made.
/// </summary>
internal abstract class Scenario
{
    /// <summary>Its name on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>What happens, in one sentence.</summary>
    public abstract string Summary { get; }

    /// <summary>The mechanism that it reproduces, such as M4; null if it must lead to no finding.</summary>
    public virtual string? Mechanism => null;

    /// <summary>The stable code of the finding that is right; null as <see cref="Mechanism"/>.</summary>
    public virtual string? Code => null;

    /// <summary>The codes of findings that are true, too: what happens on the way to its own.</summary>
    public virtual IReadOnlyList<string> AlsoTrue => [];

    /// <summary>The scenarios that it consists of: each has a right finding of its own.</summary>
    public virtual IReadOnlyList<Scenario> Parts => [this];

    /// <summary>The Service to which it happens, as namespace/name.</summary>
    public virtual string ServiceKey => $"{Incidents.Kubelet.Namespace}/{Name}";

    /// <summary>How many nodes it needs.</summary>
    public virtual int MinNodes => 1;

    /// <summary>Whether it can happen in a lab of this kind.</summary>
    public virtual bool Supports(LabVariant variant) => variant.Nodes >= MinNodes;

    /// <summary>How long its consequences stay in view after they began.</summary>
    protected static double FollowSeconds => 8;

    /// <summary>Runs it to its end: afterwards the lab is as before.</summary>
    public abstract Task RunAsync(LabCluster lab);

    public sealed override string ToString() => Name;
}
