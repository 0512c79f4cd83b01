using System.Diagnostics;
using ConntrackConsole.Components.Text;
using ConntrackConsole.ShellText;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.ShellText;

public sealed class ShellWordTests
{
    public static TheoryData<string> Hostile =>
    [
        "'; touch /tmp/owned; '", "$(reboot)", "`reboot`", "a b", "", "\"", "\\", "a'b''c", "--all", "*", "~root", "a;b|c&d>e<f", "#x", "!!", "name\u00e4", "{a,b}", "-rf",
    ];

    /// <summary>A shell reads back exactly the word.</summary>
    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task Quote_IsReadBackByAShell(string word)
    {
        string line = ShellWord.Line("printf", "%s", word)!;
        var start = new ProcessStartInfo("sh", ["-c", line]) { RedirectStandardOutput = true };
        using var shell = Process.Start(start)!;
        string output = await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((0, word), (shell.ExitCode, output));
    }

    /// <summary>What a terminal acts on before any shell can quote it, or what shows something else than it is.</summary>
    [Theory]
    [InlineData("a\nreboot\n")]
    [InlineData("a\rb")]
    [InlineData("a\u0003reboot")]
    [InlineData("a\u001b[201~reboot")]
    [InlineData("a\u202eb")]
    [InlineData("a\u200bb")]
    [InlineData("a\u2028b")]
    public void Quote_OfWhatATerminalInterprets_IsNone(string word)
    {
        Assert.Null(ShellWord.Quote(word));
        Assert.Null(ShellWord.Line("kubectl", word));
    }

    [Fact]
    public void Quote_OfHalfACharacter_IsNone() => Assert.Null(ShellWord.Quote("a\ud800b"));

    [Theory]
    [InlineData("shop/checkout-7d9f_a", "shop/checkout-7d9f_a")]
    [InlineData("--selector=kubernetes.io/service-name=checkout", "--selector=kubernetes.io/service-name=checkout")]
    [InlineData("fd00:1::5", "fd00:1::5")]
    [InlineData("a'b", "'a'\\''b'")]
    public void Quote_QuotesOnlyWhatNeedsIt(string word, string quoted) => Assert.Equal(quoted, ShellWord.Quote(word));

    [Fact]
    public void ConntrackLine_HasTheFamilyAndTheProtocolOfAPort()
    {
        Assert.Equal("conntrack -L -r 10.1.0.5", ConntrackLine.Of("-L", backend: "10.1.0.5"));
        Assert.Equal("conntrack -L -f ipv6 -p tcp -d fd00::a --orig-port-dst 80 -r fd00::5", ConntrackLine.Of("-L", null, "fd00::a", 80, "fd00::5"));
        Assert.Equal("conntrack -E -e DESTROY -p udp -r 10.1.0.5", ConntrackLine.Of("-E", "udp", backend: "10.1.0.5", events: "DESTROY"));
    }

    /// <summary>The pod panel shows such lines, too.</summary>
    [Fact]
    public void PodCommands_QuoteTheNamesOfPods()
    {
        static PodDetail Pod(string name) => new("10.1.0.5", name, null, null, new(OwnerState.Gone, null, null), null, [], [], []);
        Assert.Equal(["conntrack -L -r 10.1.0.5", "kubectl -n shop get events --field-selector 'involvedObject.name=a; reboot'"], PodCommands.For(Pod("shop/a; reboot")));
        Assert.Equal(["conntrack -L -r 10.1.0.5"], PodCommands.For(Pod("shop/a\nreboot")));
    }
}
