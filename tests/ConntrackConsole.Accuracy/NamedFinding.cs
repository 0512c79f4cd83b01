namespace ConntrackConsole.Accuracy;

/// <summary>A mechanism that was named.</summary>
/// <param name="Id">Stable for one finding.</param>
/// <param name="Code">Its stable code, such as mechanism.black_hole.</param>
/// <param name="Mechanism">Such as M4.</param>
/// <param name="Service">namespace/name; null if unknown.</param>
/// <param name="Backend">The pod's address; null if unknown.</param>
/// <param name="Since">Unix seconds; null if unknown.</param>
/// <param name="Text">What it explains, for people.</param>
internal sealed record NamedFinding(string Id, string Code, string Mechanism, string? Service, string? Backend, double? Since, string Text)
{
    /// <summary>The last sign of it, Unix seconds; null if unknown.</summary>
    public double? Until { get; init; }
}

/// <summary>What was named, and what was insufficient, with the Service where one is known.</summary>
internal sealed record FindingsSnapshot(IReadOnlyList<NamedFinding> Findings, IReadOnlyList<(string? Service, string Text)> Insufficient)
{
    public static readonly FindingsSnapshot Empty = new([], []);

    /// <summary>Whether something insufficient is about a Service: an interval in which a node was not observed lists those with entries there.</summary>
    public static bool IsAbout((string? Service, string Text) missing, string service) =>
        missing.Service == service || (missing.Service is null && missing.Text.Contains(service, StringComparison.Ordinal));
}

/// <summary>Where the names come from.</summary>
internal interface IFindingSource : IDisposable
{
    /// <summary>False if it answers only at the end of a scenario.</summary>
    bool AnswersLive { get; }

    /// <summary>A scenario begins.</summary>
    void Begin();

    /// <summary>What is named now.</summary>
    Task<FindingsSnapshot> ReadAsync(CancellationToken stop);

    /// <summary>What is named at the end of the scenario.</summary>
    Task<FindingsSnapshot> EndAsync(CancellationToken stop);

    /// <summary>Whether a name means the same as the right code, as far as this source can know.</summary>
    bool IsRight(NamedFinding finding, string code, string mechanism);
}
