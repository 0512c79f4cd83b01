using ConntrackConsole.Ingest;
using Xunit;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>
/// Connections to the collectors' hub with a false identity, or with calls that a collector must not make. After each of them the
/// real nodes are unchanged, and their collectors are still connected.
/// </summary>
public sealed class HubAttackTests(AttackedConsole console) : IClassFixture<AttackedConsole>
{
    private static readonly Dictionary<string, HubAttack> ByName = HubAttacks.All.ToDictionary(a => a.Name);

    public static readonly TheoryData<string> Names = [.. ByName.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Connection_IsRefusedForItsReasonAndNothingIsTouched(string name)
    {
        var attack = ByName[name];
        string answer = await attack.Send(console);
        Assert.Contains(attack.Fragment, answer, StringComparison.Ordinal);
        await console.AssertUntouchedAsync();
        Assert.Equal(["node1", "node2"], console.Host.Get<CollectorLink>().ConnectedNodes);
        // They still answer.
        (await console.Operator().RequestAsync(ActionBodies.Flush(AttackedConsole.Dead))).Ok("Previewed");
    }
}

/// <param name="Fragment">Part of the answer to the connection.</param>
internal sealed record HubAttack(string Name, string Fragment, Func<AttackedConsole, Task<string>> Send);
