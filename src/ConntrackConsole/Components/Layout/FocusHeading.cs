using ConntrackConsole.Components.State;
using Microsoft.AspNetCore.Components;

namespace ConntrackConsole.Components.Layout;

/// <summary>
/// Focuses the heading of a new page, so that a screen reader announces it. Unlike FocusOnNavigate it does not take the focus from what
/// the user has reached before the page's first render was complete.
/// </summary>
public sealed class FocusHeading : ComponentBase
{
    private Type? _page;
    private bool _isNew, _isFirst;

    [Parameter, EditorRequired] public Microsoft.AspNetCore.Components.RouteData RouteData { get; set; } = null!;

    [Inject] private Browser Browser { get; set; } = null!;

    protected override void OnParametersSet() => (_isNew, _isFirst, _page) = (_page != RouteData.PageType, _page is null, RouteData.PageType);

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!_isNew)
            return;
        _isNew = false;
        await Browser.FocusHeadingAsync(_isFirst);
    }
}
