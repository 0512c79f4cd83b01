# WHAT: a component that Blazor has removed and disposed still ends the whole page, if a call in its OnAfterRenderAsync fails afterwards
# GUESS: what a removed component awaited no longer matters to the renderer, as its later renders are ignored too.
# SEEN: Microsoft.AspNetCore.Components 10.0.15: the removed component's Dispose has run, and the exception
#   of its pending call reaches Renderer.HandleException, which ends the circuit; only a cancelled task is ignored.
# MATTERS: a panel that closes while its "focus the heading" or "create the chart" is on the way to a slow browser takes the live page with it.
source "$(dirname "$0")/common.sh"
project Microsoft.NET.Sdk Microsoft.AspNetCore.Components/10.0.15 Microsoft.Extensions.DependencyInjection/10.0.15 Microsoft.Extensions.Logging/10.0.15 <<'CSHARP'
#pragma warning disable BL0006
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.AspNetCore.Components.RenderTree;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

foreach (string end in (string[])["fails", "is cancelled"])
{
    var renderer = new Page();
    var parent = new Parent();
    await renderer.ShowAsync(parent);
    await parent.RemoveAsync();
    if (end == "fails")
        parent.Child.Call.SetException(new InvalidOperationException("the element is gone"));
    else
        parent.Child.Call.SetCanceled();
    await Task.Delay(200);
    Console.WriteLine($"{end}: disposed={parent.Child.Disposed} page {(renderer.Seen is null ? "lives" : "ended")}");
}

class Page() : Renderer(new ServiceCollection().BuildServiceProvider(), NullLoggerFactory.Instance)
{
    public Exception? Seen;
    public override Dispatcher Dispatcher { get; } = Dispatcher.CreateDefault();
    protected override void HandleException(Exception exception) => Seen = exception;
    protected override Task UpdateDisplayAsync(in RenderBatch batch) => Task.CompletedTask;
    public Task ShowAsync(IComponent root) => Dispatcher.InvokeAsync(() => { _ = RenderRootComponentAsync(AssignRootComponentId(root)); });
}

class Parent : ComponentBase
{
    private bool _shows = true;
    public Child Child = null!;
    public Task RemoveAsync() => InvokeAsync(() => { _shows = false; StateHasChanged(); });
    protected override void BuildRenderTree(RenderTreeBuilder to)
    {
        if (!_shows)
            return;
        to.OpenComponent<Child>(0);
        to.AddComponentReferenceCapture(1, child => Child = (Child)child);
        to.CloseComponent();
    }
}

class Child : ComponentBase, IDisposable
{
    public readonly TaskCompletionSource Call = new();
    public bool Disposed;
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
            await Call.Task;
    }
    public void Dispose() => Disposed = true;
}
CSHARP
"$work/out/finding" >"$work/seen"
same "the call fails" "$(sed -n 's/^fails: //p' "$work/seen")" "disposed=True page ended"
same "the call is cancelled" "$(sed -n 's/^is cancelled: //p' "$work/seen")" "disposed=True page lives"
