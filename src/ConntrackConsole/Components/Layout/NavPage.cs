using ConntrackConsole.Components.Controls.Actions;
using ConntrackConsole.Components.Controls.Checks;

namespace ConntrackConsole.Components.Layout;

/// <summary>A page of the navigation: of the bar on wide screens, of its menu on narrow ones.</summary>
/// <param name="Key">The key after <c>g</c> that opens the page.</param>
/// <param name="Badge">The component that counts what needs attention there.</param>
internal sealed record NavPage(string Path, string Name, char Key, Type? Badge = null)
{
    public static readonly NavPage[] All =
    [
        new("/", "Live", 't'),
        new("/checks", "Checks", 'c', typeof(CheckBadge)),
        new("/services", "Services", 's'),
        new("/nodes", "Nodes", 'n'),
        new("/resets", "Resets", 'e'),
        new("/incidents", "Incidents", 'i'),
        new("/actions", "Actions", 'x', typeof(ActionBadge)),
        new("/audit", "Audit", 'a'),
    ];
}
