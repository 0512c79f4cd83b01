using ConntrackConsole.Wire;
using MudBlazor;

namespace ConntrackConsole.Components.Dialogs;

/// <summary>Options of the action dialogs: a click on the backdrop must not discard a preview.</summary>
internal static class ActionDialogs
{
    public static readonly DialogOptions Options = new() { MaxWidth = MaxWidth.Medium, FullWidth = true, CloseOnEscapeKey = true, BackdropClick = false };

    /// <summary>Opens the preview of a flush.</summary>
    /// <param name="scope">Limits it to one Service's entries; null = all of the address.</param>
    public static Task ShowFlushAsync(this IDialogService dialogs, string podIp, FlushScope? scope) => dialogs.ShowAsync<FlushDialog>(
        $"Flush {podIp}", new DialogParameters<FlushDialog> { { dialog => dialog.PodIp, podIp }, { dialog => dialog.Scope, scope } }, Options);

    /// <summary>Opens the preview of a setting; without a value or nodes, the choice of them.</summary>
    public static Task ShowSettingAsync(this IDialogService dialogs, string key, string? value, IReadOnlyList<string> nodes) => dialogs.ShowAsync<SettingDialog>(
        "Change a setting",
        new DialogParameters<SettingDialog> { { dialog => dialog.Key, key }, { dialog => dialog.Value, value }, { dialog => dialog.Nodes, nodes }, { dialog => dialog.IsPreviewed, true } }, Options);
}
