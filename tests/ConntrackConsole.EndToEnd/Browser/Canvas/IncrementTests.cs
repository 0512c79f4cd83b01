using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Tests.Components.Controls.Timeline;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser.Canvas;

/// <summary>The canvas's own code: a view and the increments after it are drawn as the whole views are.</summary>
public class IncrementTests(Chromium chromium)
{
    private const string Compare = """
        async steps => {
          const { readView } = await import("./js/view.js");
          const { isIncrement, readIncrement } = await import("./js/increment.js");
          const bytes = text => Uint8Array.from(atob(text), char => char.charCodeAt(0));
          let drawn = null, increments = 0;
          for (const [i, step] of steps.entries()) {
            const next = bytes(step[0]), whole = readView(bytes(step[1]));
            if (isIncrement(next)) {
              if (readIncrement(next, { ...drawn, version: -1 }) !== null) return `${i}: it was taken for another view`;
              drawn = readIncrement(next, drawn);
              increments++;
            } else {
              drawn = readView(next);
            }
            const text = view => JSON.stringify(view, (_, value) => value instanceof Int32Array ? value.join() : value);
            if (text(drawn) !== text(whole)) return `${i}: ${text(drawn)}\n${text(whole)}`;
          }
          return increments;
        }
        """;

    [Fact]
    public async Task Increments_OfRandomViews_GiveWhatTheWholeViewsGive()
    {
        var views = new RandomViews(1);
        ShownView? former = null;
        var steps = new List<string[]>();
        for (int step = 0; step < 300; step++)
        {
            var next = views.Next();
            steps.Add([Convert.ToBase64String(former is null ? next.Whole : next.Since(former)), Convert.ToBase64String(next.Whole)]);
            former = next;
        }

        await using var tab = await ScriptPage.OpenAsync(chromium);

        var result = await tab.Page.EvaluateAsync(Compare, steps);
        Assert.True(result is { ValueKind: System.Text.Json.JsonValueKind.Number }, result.ToString());
        Assert.InRange(result!.Value.GetInt32(), 150, 300);
    }
}
