using Microsoft.JSInterop;

namespace ConntrackConsole.Components.State;

/// <summary>
/// Calls of a component to its element in the browser. The component may be removed, and the tab closed, while a call is under way:
/// such a failure would end the whole page, though the result is no longer needed.
/// </summary>
internal static class BrowserCalls
{
    /// <summary>Runs calls: their failure counts only while the component is shown.</summary>
    public static async Task RunAsync(Func<Task> calls, Func<bool> isRemoved)
    {
        try
        {
            await calls();
        }
        catch (JSDisconnectedException)
        {
            // The tab is closed, or its circuit disconnected: the next view is drawn after it reconnects.
        }
        catch (Exception failure) when (isRemoved() && failure is JSException or ObjectDisposedException or OperationCanceledException)
        {
            // The element, or the reference that was passed, went with the component.
        }
    }
}
