using MudBlazor;

namespace ConntrackConsole.Components.Dialogs;

/// <summary>How the dialogs of actions are opened: a click beside them must not throw a preview away.</summary>
internal static class ActionDialogs
{
    public static readonly DialogOptions Options = new() { MaxWidth = MaxWidth.Medium, FullWidth = true, CloseOnEscapeKey = true, BackdropClick = false };
}
