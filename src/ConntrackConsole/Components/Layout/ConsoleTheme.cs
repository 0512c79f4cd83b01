using MudBlazor;

namespace ConntrackConsole.Components.Layout;

/// <summary>MudBlazor theme with the colours and fonts of wwwroot/css/app.css. Only system fonts: the network may be closed.</summary>
internal static class ConsoleTheme
{
    private static readonly string[] Fonts = ["system-ui", "-apple-system", "Segoe UI", "Noto Sans", "Liberation Sans", "DejaVu Sans", "sans-serif"];

    public static readonly MudTheme Theme = new()
    {
        PaletteLight = new PaletteLight
        {
            Primary = "#0b5cad", Background = "#f3f5f8", Surface = "#ffffff", TextPrimary = "#17212d", TextSecondary = "#526070",
            Warning = "#a33f00", Error = "#b3261e", Success = "#00694b", LinesDefault = "#d9dfe7",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#7db8f2", Background = "#0d1218", Surface = "#151c24", TextPrimary = "#e7edf4", TextSecondary = "#a3b0c0",
            Warning = "#ffb073", Error = "#ff8f85", Success = "#63cfa8", LinesDefault = "#2b3644",
        },
        Typography = new Typography
        {
            Default = new DefaultTypography { FontFamily = Fonts, FontSize = "14px", LetterSpacing = "normal" },
            H6 = new H6Typography { FontFamily = Fonts, FontSize = "17px", FontWeight = "650", LetterSpacing = "normal" },
            Body1 = new Body1Typography { FontFamily = Fonts, FontSize = "14px", LetterSpacing = "normal" },
            Body2 = new Body2Typography { FontFamily = Fonts, FontSize = "14px", LetterSpacing = "normal" },
        },
    };
}
