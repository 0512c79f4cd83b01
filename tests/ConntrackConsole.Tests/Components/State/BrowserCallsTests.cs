using Bunit;
using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Components.State;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Xunit;

namespace ConntrackConsole.Tests.Components.State;

/// <summary>A component that goes while a call to the browser is under way must not end the page.</summary>
public sealed class BrowserCallsTests : IAsyncLifetime
{
    private readonly BunitContext _context = new() { JSInterop = { Mode = JSRuntimeMode.Loose } };

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _context.DisposeAsync();

    [Fact]
    public async Task Chart_RemovedWhileItIsCreated_EndsNoPage()
    {
        var width = _context.JSInterop.SetupModule("./js/timeline.js").SetupModule("create", _ => true).Setup<int>("plotWidth");
        _context.Render<TimelineChart>();
        await _context.DisposeComponentsAsync();

        width.SetException(new JSException("Cannot read properties of null (reading 'clientWidth')"));

        await Task.WhenAny(_context.Renderer.UnhandledException, Task.Delay(200, Xunit.TestContext.Current.CancellationToken));
        Assert.False(_context.Renderer.UnhandledException.IsCompleted, "The page has stopped.");
    }

    [Fact]
    public async Task Focus_ElementIsGone_EndsNoPage()
    {
        var focus = _context.JSInterop.SetupModule("./js/shell/app.js").SetupVoid("focusPanel", _ => true).SetException(new JSException("Unable to focus an invalid element."));
        await using var browser = new Browser(_context.JSInterop.JSRuntime);

        await browser.FocusPanelAsync(new ElementReference("gone", new WebElementReferenceContext(_context.JSInterop.JSRuntime)));

        Assert.Single(focus.Invocations);
    }

    [Fact]
    public async Task Chart_CreatedInVain_TellsTheError()
    {
        var width = _context.JSInterop.SetupModule("./js/timeline.js").SetupModule("create", _ => true).Setup<int>("plotWidth");
        _context.Render<TimelineChart>();

        width.SetException(new JSException("a fault of ours"));

        // A fault while the chart is shown must not pass unnoticed.
        Assert.IsType<JSException>(await _context.Renderer.UnhandledException.WaitAsync(TimeSpan.FromMinutes(1), Xunit.TestContext.Current.CancellationToken));
    }
}
