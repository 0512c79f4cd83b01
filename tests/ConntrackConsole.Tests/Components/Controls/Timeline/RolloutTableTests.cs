using Bunit;
using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Timeline.Model;
using Xunit;

namespace ConntrackConsole.Tests.Components.Controls.Timeline;

public sealed class RolloutTableTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    [Fact]
    public void Table_NoRollout_IsHidden()
    {
        Assert.Empty(Render(Views.Of()).FindAll("[data-testid=rollout-table]"));
    }

    [Fact]
    public void Table_FinishedRollout_ShowsRevisionsStateAndTerminatedPods()
    {
        var table = Render(Views.Of(terminations: [Views.OfRollout]) with { Rollouts = [Views.Rollout] });

        var row = table.Find("[data-testid=rollout-row]");
        Assert.Equal("Finished", row.GetAttribute("data-state"));
        Assert.Contains("checkout 3 → 4", row.TextContent, StringComparison.Ordinal);
        Assert.Contains("after 8", row.QuerySelector("[data-label=Ended]")!.TextContent, StringComparison.Ordinal);
        Assert.Equal("1", row.QuerySelector("[data-label='Pods terminated']")!.TextContent);
    }

    [Fact]
    public void Table_OpenRollout_HasNoEnd()
    {
        var table = Render(Views.Of() with { Rollouts = [Views.Rollout with { FinishedMs = null }] });

        Assert.Equal("Running", table.Find("[data-testid=rollout-row]").GetAttribute("data-state"));
        Assert.Contains("blank", table.Find("[data-label=Ended]").ClassName, StringComparison.Ordinal);
    }

    [Fact]
    public void Row_Selected_IsPressedAndAClickPassesItsId()
    {
        string? picked = null;
        var table = Render(Views.Of() with { Rollouts = [Views.Rollout] }, Views.Rollout.Id, id => picked = id);

        Assert.Equal("true", table.Find("[data-testid=rollout-row] button").GetAttribute("aria-pressed"));
        table.Find("[data-testid=rollout-row] button").Click();
        Assert.Equal(Views.Rollout.Id, picked);
    }

    [Fact]
    public void Table_MoreThanTwenty_CountsTheHidden()
    {
        var many = Enumerable.Range(0, 23).Select(i => Views.Rollout with { Id = $"d1/{i}", StartedMs = Views.NowMs - i }).ToList();

        var table = Render(Views.Of() with { Rollouts = many });

        Assert.Equal(20, table.FindAll("[data-testid=rollout-row]").Count);
        Assert.Contains("3 more rollouts", table.Markup, StringComparison.Ordinal);
    }

    private IRenderedComponent<RolloutTable> Render(TimelineView view, string? selected = null, Action<string>? picked = null) =>
        _console.Context.Render<RolloutTable>(with => with.Add(t => t.View, view).Add(t => t.Selected, selected).Add(t => t.OnPicked, id => picked?.Invoke(id)));

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
