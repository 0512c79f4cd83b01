using ConntrackConsole.Kernel.Resets;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Resets;

[Trait("Category", "Parser")]
public sealed class TraceFormatTests
{
    [Fact]
    public void Format_OfThisKernel_HasNumberFieldsAndReasons()
    {
        Assert.True(TraceFormat.TryParse(Fixture.Text("tcp_send_reset-6.18.format"), out var format, out _));

        Assert.Equal("tcp_send_reset", format.Name);
        Assert.Equal(2280, format.Id);
        Assert.True(format.TryField("daddr", 28, out var daddr));
        Assert.Equal(new TraceField(60, 28), daddr);
        Assert.True(format.TryField("common_type", 2, out var type));
        Assert.Equal(new TraceField(0, 2), type);
        var reasons = format.Symbols("reason");
        Assert.Equal(26, reasons.Count);
        Assert.Equal("NO_SOCKET", reasons[1]);
        Assert.Equal("TCP_ABORT_ON_CLOSE", reasons[11]);
        Assert.Empty(format.Symbols("saddr"));
    }

    [Fact]
    public void Symbols_WithSymbolicKeys_SkipsThem()
    {
        // The state names of 6.18 still have the kernel's symbols as keys, in a conditional before the reasons.
        Assert.True(TraceFormat.TryParse(Fixture.Text("tcp_send_reset-6.18.format"), out var format, out _));
        Assert.Empty(format.Symbols("state"));
        Assert.True(TraceFormat.TryParse(Fixture.Text("tcp_send_reset-5.15.format"), out var older, out _));
        Assert.Equal("TCP_LISTEN", older.Symbols("state")[10]);
        Assert.Empty(older.Symbols("reason"));
    }

    [Fact]
    public void Format_OfThePageHeader_HasTheLayout()
    {
        Assert.True(TraceFormat.TryParse(Fixture.Text("header_page-6.18.format"), out var format, out _));
        Assert.True(TracePageLayout.TryCreate(format, out var layout));
        Assert.Equal(new TracePageLayout(0, 8, 16, 8), layout);
    }

    [Theory]
    [InlineData("", "The trace format has no fields.")]
    [InlineData("name: x\nID: many\n", "The trace format has a non-numeric ID in line 2.")]
    [InlineData("name: x\nID: 7\nformat:\n\tfield:int a;\toffset:0;\tsize:-4;\tsigned:1;", "The trace format has a malformed field in line 4.")]
    [InlineData("\tfield:int a;\toffset:99999999999;\tsize:4;", "The trace format has a malformed field in line 1.")]
    [InlineData("\tfield:int a", "The trace format has a malformed field in line 1.")]
    public void Format_Malformed_IsRejectedWithAMessage(string text, string expected)
    {
        Assert.False(TraceFormat.TryParse(text, out _, out string? error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void Layout_WithoutAddresses_IsRejectedWithAMessage()
    {
        Assert.True(TraceFormat.TryParse("name: tcp_send_reset\n\tfield:int a;\toffset:0;\tsize:4;\tsigned:1;", out var format, out _));
        Assert.False(ResetLayout.TryCreate(format, received: false, out _, out string? error));
        Assert.Contains("tcp_send_reset", error, StringComparison.Ordinal);
    }
}
