namespace ConntrackConsole.Components.State;

/// <summary>The keys of this circuit: the layout hears them, the page in view acts on them.</summary>
internal sealed class Keyboard
{
    public event Func<string, Task>? Pressed;

    public Task PressAsync(string key) =>
        Pressed is { } handlers ? Task.WhenAll(handlers.GetInvocationList().Cast<Func<string, Task>>().Select(handler => handler(key))) : Task.CompletedTask;
}
