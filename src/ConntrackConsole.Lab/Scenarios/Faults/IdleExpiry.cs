namespace ConntrackConsole.Lab.Scenarios.Faults;

/// <summary>An entry of an idle connection expires: the client speaks next.</summary>
internal sealed class IdleExpiry : IdleExpiryScenario
{
    public override string Name => "idle-expiry";

    public override string Summary => "entries of idle connections expire, and the client's next request goes to another pod, which resets it";

    protected override IReadOnlyList<int> Nodes => [1, 2, 2];

    protected override int ClientNode => 3;

    protected override string[] Client => ["client", "--interval-ms", $"{SilenceSeconds * 1000}"];

    protected override string[] Server => ["serve"];
}
