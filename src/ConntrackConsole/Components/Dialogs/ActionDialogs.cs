using MudBlazor;

namespace ConntrackConsole.Components.Dialogs;

/// <summary>Options of the action dialogs: a click on the backdrop must not discard a preview.</summary>
internal static class ActionDialogs
{
    public static readonly DialogOptions Options = new() { MaxWidth = MaxWidth.Medium, FullWidth = true, CloseOnEscapeKey = true, BackdropClick = false };
}
