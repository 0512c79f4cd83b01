using ConntrackConsole.Lab.Cli;
using ConntrackConsole.Lab.Scenarios;
using Xunit;

namespace ConntrackConsole.Lab.Tests;

public sealed class ControlLineTests
{
    [Fact]
    public void TryParse_KnownLines_ReturnTheCommand()
    {
        Assert.Equal(new ControlLine.Run(ScenarioRegistry.Healthy), ControlLine.TryParse("rollout"));
        Assert.Equal(new ControlLine.Run(ScenarioRegistry.EarlyExit), ControlLine.TryParse(" rollout  early-exit "));
        Assert.Equal(new ControlLine.Run(ScenarioRegistry.TryParse("proxy-lag")!), ControlLine.TryParse("scenario proxy-lag"));
        Assert.Equal(new ControlLine.Invalid(1), ControlLine.TryParse("invalid"));
        Assert.Equal(new ControlLine.Invalid(12), ControlLine.TryParse("invalid 12"));
        Assert.Equal(new ControlLine.Abort("linger"), ControlLine.TryParse("abort"));
        Assert.Equal(new ControlLine.Abort("unread"), ControlLine.TryParse("abort unread"));
        Assert.Equal(new ControlLine.BadImage(), ControlLine.TryParse("bad-image"));
        Assert.Equal(new ControlLine.RestartApi(4), ControlLine.TryParse("restart-api"));
        Assert.Equal(new ControlLine.RestartApi(13), ControlLine.TryParse("restart-api 13"));
        Assert.Equal(new ControlLine.DeleteNode(), ControlLine.TryParse("delete-node"));
        Assert.Equal(new ControlLine.DeleteNamespace(), ControlLine.TryParse("delete-namespace"));
        Assert.Equal(new ControlLine.StatefulSet(3), ControlLine.TryParse("statefulset 3"));
        Assert.Equal(new ControlLine.StatefulSet(null), ControlLine.TryParse("statefulset restart"));
        Assert.Equal(new ControlLine.Gap(5), ControlLine.TryParse("gap"));
        Assert.Equal(new ControlLine.Gap(9), ControlLine.TryParse("gap 9"));
        Assert.Equal(new ControlLine.Quit(), ControlLine.TryParse("quit"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("rollout everything")]
    [InlineData("rollout proxy-lag")]
    [InlineData("scenario")]
    [InlineData("scenario everything")]
    [InlineData("statefulset")]
    [InlineData("statefulset 10")]
    [InlineData("invalid 0")]
    [InlineData("invalid -1")]
    [InlineData("invalid 1001")]
    [InlineData("abort now")]
    [InlineData("restart-api 0")]
    [InlineData("restart-api 601")]
    [InlineData("delete-node node2")]
    [InlineData("quit now")]
    public void TryParse_OtherLines_ReturnNull(string line) => Assert.Null(ControlLine.TryParse(line));
}
