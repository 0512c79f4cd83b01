using MudBlazor;

namespace ConntrackConsole.Components.Layout;

/// <summary>MudBlazor theme with the colours and fonts of wwwroot/css/tokens.css. Only system fonts: the network may be closed.</summary>
internal static class ConsoleTheme
{
    private static readonly string[] Fonts = ["system-ui", "-apple-system", "Segoe UI", "Noto Sans", "Liberation Sans", "DejaVu Sans", "sans-serif"];

    public static readonly MudTheme Theme = new()
    {
        PaletteLight = new PaletteLight
        {
            Primary = "#0b5cad", PrimaryContrastText = "#ffffff", Background = "#f3f5f8", Surface = "#ffffff", AppbarBackground = "#ffffff", AppbarText = "#17212d",
            TextPrimary = "#17212d", TextSecondary = "#526070", ActionDefault = "#526070", Warning = "#a33f00", Error = "#b3261e", ErrorContrastText = "#ffffff", Success = "#00694b",
            Info = "#0b5cad", LinesDefault = "#d9dfe7", LinesInputs = "#8592a3", TableLines = "#d9dfe7", Divider = "#d9dfe7", BackgroundGray = "#f6f8fa",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#7db8f2", PrimaryContrastText = "#0d1218", Background = "#0d1218", Surface = "#151c24", AppbarBackground = "#151c24", AppbarText = "#e7edf4",
            TextPrimary = "#e7edf4", TextSecondary = "#a3b0c0", ActionDefault = "#a3b0c0", Warning = "#ffb073", Error = "#ff8f85", ErrorContrastText = "#0d1218", Success = "#63cfa8",
            Info = "#7db8f2", LinesDefault = "#2b3644", LinesInputs = "#74839a", TableLines = "#2b3644", Divider = "#2b3644", BackgroundGray = "#1a222c",
        },
        LayoutProperties = new LayoutProperties { AppbarHeight = "56px", DefaultBorderRadius = "6px" },
        Typography = new Typography
        {
            Button = new ButtonTypography { FontFamily = Fonts, FontSize = "14px", FontWeight = "500", LetterSpacing = "normal", TextTransform = "none" },
            Default = new DefaultTypography { FontFamily = Fonts, FontSize = "14px", LetterSpacing = "normal" },
            H6 = new H6Typography { FontFamily = Fonts, FontSize = "17px", FontWeight = "650", LetterSpacing = "normal" },
            Body1 = new Body1Typography { FontFamily = Fonts, FontSize = "14px", LetterSpacing = "normal" },
            Body2 = new Body2Typography { FontFamily = Fonts, FontSize = "14px", LetterSpacing = "normal" },
        },
    };
}
