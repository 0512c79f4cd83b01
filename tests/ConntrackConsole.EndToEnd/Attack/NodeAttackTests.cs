using Xunit;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>
/// Commands of a compromised console, sent directly to the real collector without the console's guards. After each of them the
/// node's table is dumped and its settings are read again.
/// </summary>
public sealed class NodeAttackTests(AttackedByConsole attacked) : IClassFixture<AttackedByConsole>
{
    private static readonly Dictionary<string, NodeAttack> ByName =
        ((NodeAttack[])[.. FlushOrderAttacks.All, .. SettingOrderAttacks.All]).ToDictionary(a => a.Name);

    public static readonly TheoryData<string> Names = [.. ByName.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Command_IsRefusedWithItsCodeAndNothingIsTouched(string name)
    {
        var attack = ByName[name];
        string? code = await attack.Send(attacked);
        Assert.NotNull(code);
        Assert.Contains(attack.Reason, code, StringComparison.Ordinal);
        await attacked.Node.AssertUntouchedAsync();
    }
}

/// <summary>A command that must be refused.</summary>
/// <param name="Reason">The reason code, or part of the error for a malformed message.</param>
/// <param name="Send">Prepares the attack and sends the command; returns the node's refusal, or null if it executed the command.</param>
internal sealed record NodeAttack(string Name, string Reason, Func<AttackedByConsole, Task<string?>> Send);
