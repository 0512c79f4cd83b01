using ConntrackConsole.Lab.Cli;
using Xunit;

namespace ConntrackConsole.Lab.Tests;

public class LabCommandTests
{
    [Theory]
    [InlineData("--without-console=1")]
    [InlineData("--without-console:")]
    [InlineData("--forbid events --without-console=no")]
    [InlineData("serve --exit-at-once=yes")]
    public void Parse_SwitchWithAnotherValueThanTrueOrFalse_IsAnError(string arguments)
    {
        LabCommand.Parse(arguments.Split(' '), out string? error);

        Assert.Contains("takes true or false", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--without-console=false")]
    [InlineData("--without-console")]
    [InlineData("--scenario @healthy")]
    public void Parse_SwitchAndTextWithAnAtSign_AreTaken(string arguments)
    {
        LabCommand.Parse(arguments.Split(' '), out string? error);

        Assert.Null(error);
    }
}
