using System.Text.RegularExpressions;
using ConntrackConsole.Components.Layout;
using ConntrackConsole.Tests.Architecture;
using MudBlazor.Utilities;
using MudBlazor;
using Xunit;

namespace ConntrackConsole.Tests.Components.Layout;

/// <summary>The style sheet has the colours before the circuit starts; MudBlazor's theme must be the same one.</summary>
public sealed partial class ConsoleThemeTests
{
    [Fact]
    public void Theme_LightAndDark_AreTheColoursOfTheStyleSheet()
    {
        string[] css = File.ReadAllText(RepositoryFiles.Path("wwwroot", "css", "tokens.css")).Split(":root[data-theme=dark]", 2);

        foreach (var (palette, tokens) in new (Palette, string)[] { (ConsoleTheme.Theme.PaletteLight, css[0]), (ConsoleTheme.Theme.PaletteDark, css[1]) })
        {
            var colours = Token().Matches(tokens).ToLookup(token => token.Groups[1].Value, token => token.Groups[2].Value);
            (string Token, MudColor Colour)[] expected =
            [
                ("page", palette.Background), ("surface", palette.Surface), ("surface", palette.AppbarBackground), ("sunken", palette.BackgroundGray),
                ("line", palette.LinesDefault), ("line", palette.TableLines), ("line", palette.Divider), ("line-strong", palette.LinesInputs),
                ("text", palette.TextPrimary), ("text", palette.AppbarText), ("muted", palette.TextSecondary), ("muted", palette.ActionDefault),
                ("accent", palette.Primary), ("accent", palette.Info), ("on-accent", palette.PrimaryContrastText), ("on-accent", palette.ErrorContrastText),
                ("warn-text", palette.Warning), ("danger", palette.Error), ("ok", palette.Success),
            ];
            Assert.All(expected, pair => Assert.Equal(colours[pair.Token].First(), pair.Colour.ToString(MudColorOutputFormats.Hex)));
        }
    }

    [GeneratedRegex("--c-([a-z-]+): (#[0-9a-f]{6})")]
    private static partial Regex Token();
}
