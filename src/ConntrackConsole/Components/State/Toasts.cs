using MudBlazor;

namespace ConntrackConsole.Components.State;

/// <summary>Short notices at the edge of the screen. They pass: their text is also on a page, or in the button that was pressed.</summary>
internal static class Toasts
{
    /// <param name="text">Displayed as text, whatever it contains.</param>
    public static void Show(this ISnackbar snackbar, string text) => snackbar.Add(text, Severity.Normal);

    public static void Configure(SnackbarConfiguration snackbar)
    {
        snackbar.PositionClass = Defaults.Classes.Position.BottomCenter;
        snackbar.MaxDisplayedSnackbars = 3;
        snackbar.VisibleStateDuration = 4_000;
        snackbar.ShowTransitionDuration = 150;
        snackbar.HideTransitionDuration = 150;
    }
}
