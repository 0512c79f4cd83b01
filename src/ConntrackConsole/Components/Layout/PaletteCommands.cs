using ConntrackConsole.Components.Palette;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Layout;

/// <summary>The commands of the palette: every page, the viewer's choices, and, for who may act, a change of each setting.</summary>
internal static class PaletteCommands
{
    public const string Utc = "zone utc";
    public const string LocalZone = "zone local";
    public const string Keys = "keys";
    public const string CopyLink = "copy link";

    /// <summary>Before the choice of a theme.</summary>
    public const string Theme = "theme ";

    /// <summary>Before the key of a setting.</summary>
    public const string Setting = "setting ";

    public static IReadOnlyList<PaletteItem> For(bool mayAct, bool isLocal)
    {
        List<PaletteItem> commands = [.. NavPage.All.Select(Page), isLocal ? Run(Utc, "Switch to UTC", "Times of all pages", "UTC", "time zone") : Run(LocalZone, "Switch to local time", "Times of all pages", "local", "time zone")];
        foreach (string theme in (string[])["light", "dark", "system"])
            commands.Add(Run(Theme + theme, $"Theme: {theme}", "Colours of all pages", theme));
        commands.Add(Run(CopyLink, "Copy link to this page", "Its filters and its range are in the link", "link", "share"));
        commands.Add(Open("/?view=table", "Timeline as a table", "What the chart has, with exact times", "table"));
        commands.Add(Open("/?kiosk=1", "Screen on a wall", "The live page without controls", "kiosk", "full screen"));
        commands.Add(Run(Keys, "Keyboard shortcuts", "The list of all keys", "help", "?"));
        if (mayAct)
            commands.AddRange(SettingCatalog.All.Select(kind => Run(Setting + kind.Key, $"Change {SettingText.Short(kind.Key)}…", "Setting of the nodes: nothing changes before its preview is confirmed", kind.Key, SettingText.Short(kind.Key), "change a setting")));
        return commands;
    }

    private static PaletteItem Page(NavPage page) => new(
        new PaletteHit(PaletteKind.Command, $"Go to {page.Name}", $"g {page.Key}", page.Path), $"Go to {page.Name}", page.Name, page.Path);

    private static PaletteItem Open(string path, string title, string detail, params string[] keys) => new(new PaletteHit(PaletteKind.Command, title, detail, path), [title, .. keys]);

    private static PaletteItem Run(string command, string title, string detail, params string[] keys) =>
        new(new PaletteHit(PaletteKind.Command, title, detail, null) { Command = command }, [title, .. keys]);
}
