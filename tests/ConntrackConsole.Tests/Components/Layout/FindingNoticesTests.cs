using Bunit;
using ConntrackConsole.Components.Layout;
using ConntrackConsole.Findings.Live;
using Xunit;

namespace ConntrackConsole.Tests.Components.Layout;

/// <summary>A new finding reaches the browser once, also in a tab that is not visible, and only where the user has switched it on.</summary>
public sealed class FindingNoticesTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();
    private readonly BunitJSModuleInterop _browser;
    private ulong _second = 1;

    public FindingNoticesTests()
    {
        _browser = _console.Context.JSInterop.SetupModule("./js/shell/app.js");
        _browser.Mode = JSRuntimeMode.Loose;
    }

    [Fact]
    public async Task NewFinding_IsNotifiedOnce_AlsoInAHiddenTab()
    {
        _console.Get<ConntrackConsole.Components.State.Visibility>().Set(true);
        _console.Context.Render<FindingNotices>(parameters => parameters.Add(notices => notices.IsOn, true));
        BlackHole();
        await Eventually.TrueAsync(() => Notified.Count == 1);
        var call = Notified[0];
        Assert.StartsWith("finding-", (string)call.Arguments[0]!, StringComparison.Ordinal);
        Assert.Contains("M4", (string)call.Arguments[2]!, StringComparison.Ordinal);
        Assert.Equal($"/findings/{call.Arguments[0]}", call.Arguments[3]);
        BlackHole();
        Assert.Single(Notified);
    }

    /// <summary>Neither while it is off, nor afterwards for what was found meanwhile.</summary>
    [Fact]
    public async Task SwitchedOn_WhatWasFoundBefore_IsNotNew()
    {
        var notices = _console.Context.Render<FindingNotices>(parameters => parameters.Add(notices => notices.IsOn, false));
        BlackHole();
        notices.Render(parameters => parameters.Add(notices => notices.IsOn, true));
        BlackHole();
        await notices.InvokeAsync(() => { });
        Assert.Empty(Notified);
    }

    [Fact]
    public void Removed_IsUnsubscribed()
    {
        var notices = _console.Context.Render<FindingNotices>();
        Assert.Equal(1, _console.Get<FindingMonitor>().Listeners);
        notices.Instance.Dispose();
        Assert.Equal(0, _console.Get<FindingMonitor>().Listeners);
    }

    private IReadOnlyList<JSRuntimeInvocation> Notified => [.. _browser.Invocations.Where(call => call.Identifier == "notify")];

    private void BlackHole()
    {
        if (_second == 1)
            _console.AddDeadPod();
        for (ulong last = _second + 14; _second < last;)
        {
            _console.Clock.Advance(TimeSpan.FromSeconds(1));
            _console.Frame(++_second, 3, waiting: 3);
        }

        _console.Get<FindingMonitor>().Round();
    }

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
