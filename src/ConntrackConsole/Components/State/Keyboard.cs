namespace ConntrackConsole.Components.State;

/// <summary>Keyboard shortcuts of this circuit: the layout publishes them, the current page handles them.</summary>
internal sealed class Keyboard
{
    public event Func<string, Task>? Pressed;

    public Task PressAsync(string key) =>
        Pressed is { } handlers ? Task.WhenAll(handlers.GetInvocationList().Cast<Func<string, Task>>().Select(handler => handler(key))) : Task.CompletedTask;
}
