using System.ComponentModel;
using System.Reflection;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Actions;

public class ReasonCodeTests
{
    private static readonly FieldInfo[] Codes =
    [
        .. new[] { typeof(ActionReasons).Assembly, typeof(Reason).Assembly }.SelectMany(a => a.GetTypes())
            .Where(t => t.GetCustomAttribute<ReasonCodesAttribute>() is not null).SelectMany(t => t.GetFields()),
    ];

    [Fact]
    public void Codes_AreWellFormed_AndHaveADescription() => Assert.All(Codes, code =>
    {
        Assert.Matches("^[a-z]+\\.[a-z_]+$", (string)code.GetRawConstantValue()!);
        Assert.NotEmpty(code.GetCustomAttribute<DescriptionAttribute>()!.Description);
    });

    [Fact]
    public void Codes_AreUnique()
    {
        string[] codes = [.. Codes.Select(c => (string)c.GetRawConstantValue()!)];
        Assert.True(codes.Length > 90);
        Assert.Equal(codes.Length, codes.Distinct().Count());
    }
}
