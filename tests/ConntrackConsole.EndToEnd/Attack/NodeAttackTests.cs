using Xunit;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>
/// Orders of a console that lies, straight to the real collector: none of the console's guards stands before them. After every
/// one of them the node's table is dumped again and its settings are read again.
/// </summary>
public sealed class NodeAttackTests(AttackedByConsole attacked) : IClassFixture<AttackedByConsole>
{
    private static readonly Dictionary<string, NodeAttack> ByName =
        ((NodeAttack[])[.. FlushOrderAttacks.All, .. SettingOrderAttacks.All]).ToDictionary(a => a.Name);

    public static readonly TheoryData<string> Names = [.. ByName.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Order_IsRefusedForItsReasonAndNothingIsTouched(string name)
    {
        var attack = ByName[name];
        string? said = await attack.Send(attacked);
        Assert.NotNull(said);
        Assert.Contains(attack.Reason, said, StringComparison.Ordinal);
        await attacked.Node.AssertUntouchedAsync();
    }
}

/// <summary>An order that must be refused.</summary>
/// <param name="Reason">The reason code, or a part of the error of a message that cannot be read.</param>
/// <param name="Send">What goes before, and the order; gives what the node said, or null where it obeyed.</param>
internal sealed record NodeAttack(string Name, string Reason, Func<AttackedByConsole, Task<string?>> Send);
