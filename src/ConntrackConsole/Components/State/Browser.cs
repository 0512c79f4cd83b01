using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace ConntrackConsole.Components.State;

/// <summary>The clipboard, the focus and the forms of the browser. The JavaScript module is loaded on first use.</summary>
internal sealed class Browser(IJSRuntime js) : IAsyncDisposable
{
    public const string LinkCopied = "Link copied";
    public const string LinkNotCopied = "Copy it from the address bar";

    private Task<IJSObjectReference>? _module;

    public Task<IJSObjectReference> ModuleAsync() => _module ??= js.InvokeAsync<IJSObjectReference>("import", "./js/shell/app.js").AsTask();

    public async Task<bool> CopyAsync(string text) => await (await ModuleAsync()).InvokeAsync<bool>("copyText", text);

    public async Task<bool> CopyLinkAsync() => await (await ModuleAsync()).InvokeAsync<bool>("copyLink");

    /// <summary>Sends a form as the browser does: its answer may end the session, and so the circuit.</summary>
    public Task SubmitAsync(string formId) => BrowserCalls.RunAsync(async () => await (await ModuleAsync()).InvokeVoidAsync("submitForm", formId), () => true);

    /// <summary>Focuses the page's heading, unless a field of the page has the focus, or on the first page of a circuit anything at all.</summary>
    public Task FocusHeadingAsync(bool isFirst) => BrowserCalls.RunAsync(async () => await (await ModuleAsync()).InvokeVoidAsync("focusHeading", isFirst), () => true);

    /// <summary>Focuses the heading of a panel that has opened, unless someone types in a field or a dialog has opened since. The next render may have removed it already.</summary>
    public Task FocusPanelAsync(ElementReference heading) => BrowserCalls.RunAsync(async () => await (await ModuleAsync()).InvokeVoidAsync("focusPanel", heading), () => true);

    /// <summary>Focuses the field of the palette and fills in what was typed since Ctrl+K, before there was a field for it.</summary>
    public Task FillPaletteAsync() => BrowserCalls.RunAsync(async () => await (await ModuleAsync()).InvokeVoidAsync("fillPalette"), () => true);

    /// <summary>Shows a notification of the browser, unless it has shown one with this id; a click on it opens a page.</summary>
    public Task NotifyAsync(string id, string title, string text, string href) =>
        BrowserCalls.RunAsync(async () => await (await ModuleAsync()).InvokeVoidAsync("notify", id, title, text, href), () => true);

    /// <summary>Scrolls the list around an element, if necessary.</summary>
    public Task ScrollToAsync(string id) => BrowserCalls.RunAsync(async () => await (await ModuleAsync()).InvokeVoidAsync("scrollToItem", id), () => true);

    public async ValueTask DisposeAsync()
    {
        if (_module is { IsCompletedSuccessfully: true })
            await BrowserCalls.RunAsync(async () => await (await _module).DisposeAsync(), () => true);
    }
}
