using Bunit;
using ConntrackConsole.Components.Controls.Actions;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Components.Controls.Actions;

public sealed class FlushPreviewTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    [Fact]
    public void Preview_ProbesTimeWait_IsBelowWhatTheFlushAffects()
    {
        var probe = new FlowEntry("tcp", "TIME_WAIT", "10.244.1.1", 40_000, "10.244.1.7", 8080, "10.244.1.7", 8080, "10.244.1.1", 40_000, 0, 1, 100, 0, FlushEffect.NoEffect);
        var stale = new FlowEntry("tcp", "SYN_SENT", "10.244.2.9", 50_000, "10.96.0.10", 80, "10.244.1.7", 8080, "10.244.2.9", 50_000, 0, 2, 100, 0, FlushEffect.FailsFast);
        var preview = new FlushPreview("p", "node1", "d", [probe, probe with { Sport = 40_001 }, stale, probe with { Sport = 40_002 }], 0, null, true);

        var shown = _console.Context.Render<NodePreview>(p => p.Add(n => n.Preview, preview).Add(n => n.EntryOutcomes, "GGDG"));

        var rows = shown.FindAll("[data-testid=preview-entry]");
        Assert.Contains("SYN_SENT", rows[0].TextContent);
        Assert.Equal("D", rows[0].GetAttribute("data-outcome"));
        Assert.All(rows.Skip(1), row => Assert.Equal("G", row.GetAttribute("data-outcome")));
        Assert.DoesNotContain("3", shown.FindAll(".effects li")[0].TextContent);
    }

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
