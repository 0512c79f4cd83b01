using ConntrackConsole.Ingest;
using Xunit;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>
/// Connections to the collectors' hub that pretend to be somebody else, or say more than a collector may. After each of them the
/// real nodes are as they were, and their collectors still speak for them.
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
        string said = await attack.Send(console);
        Assert.Contains(attack.Fragment, said, StringComparison.Ordinal);
        await console.AssertUntouchedAsync();
        Assert.Equal(["node1", "node2"], console.Host.Get<CollectorLink>().ConnectedNodes);
        // They answer still.
        (await console.Operator().AskAsync(Asked.Flush(AttackedConsole.Dead))).Ok("Previewed");
    }
}

/// <param name="Fragment">Of what the connection was told.</param>
internal sealed record HubAttack(string Name, string Fragment, Func<AttackedConsole, Task<string>> Send);
