using ConntrackConsole.Diagnosis.Catalog;

namespace ConntrackConsole.Lab.Scenarios.Faults;

/// <summary>An entry of an idle connection expires: the server speaks next.</summary>
internal sealed class IdleExpiryStream : IdleExpiryScenario
{
    public override string Name => "idle-expiry-stream";

    public override string Summary => "entries of idle connections expire, and the pod's next line arrives untranslated";

    // The heartbeat of a client that hears nothing goes to any of the pods.
    public override IReadOnlyList<string> AlsoTrue => [MechanismCodes.Rebalanced];

    protected override IReadOnlyList<int> Nodes => [2, 2];

    protected override int ClientNode => 1;

    // Its heartbeat comes after the line is late.
    protected override string[] Client => ["subscribe", "--silence-ms", $"{(SilenceSeconds * 1000) + 4000}"];

    protected override string[] Server => ["serve", "--push-ms", $"{SilenceSeconds * 1000}"];
}
