using ConntrackConsole.Components.Controls.Actions;
using ConntrackConsole.Components.Controls.Checks;

namespace ConntrackConsole.Components.Layout;

/// <summary>A page of the navigation: of the bar on wide screens, of its menu on narrow ones.</summary>
/// <param name="Key">The key after <c>g</c> that opens the page.</param>
/// <param name="Badge">The component that counts what needs attention there.</param>
/// <param name="IsMore">In the bar it is in the menu "More": there is no width for all of them.</param>
internal sealed record NavPage(string Path, string Name, char Key, Type? Badge = null, bool IsMore = false)
{
    public static readonly NavPage[] All =
    [
        new("/", "Live", 't'),
        new("/checks", "Checks", 'c', typeof(CheckBadge)),
        new("/incidents", "Incidents", 'i'),
        new("/actions", "Actions", 'x', typeof(ActionBadge)),
        new("/audit", "Audit", 'a'),
        new("/services", "Services", 's', IsMore: true),
        new("/nodes", "Nodes", 'n', IsMore: true),
        new("/pods", "Pods", 'p', IsMore: true),
        new("/rollouts", "Rollouts", 'r', IsMore: true),
        new("/resets", "Resets", 'e', IsMore: true),
        new("/access", "Access", 'k', IsMore: true),
        new("/settings", "Configuration", 'o', IsMore: true),
    ];
}
