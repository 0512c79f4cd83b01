using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>What opens by itself takes the focus neither from a field nor from a dialog: what is typed there would be lost.</summary>
public class FocusTests(Chromium chromium)
{
    [Theory]
    [InlineData("<input id=used>", "used")]
    [InlineData("<div class=mud-dialog><button id=used>Cancel</button></div>", "used")]
    [InlineData("<button id=used>Show</button>", "heading")]
    public async Task Panel_ThatHasOpened_IsFocusedUnlessTheFocusIsTaken(string content, string expected)
    {
        await using var tab = await ScriptPage.OpenAsync(chromium);

        string focused = await tab.Page.EvaluateAsync<string>(
            """
            async content => {
              const { focusPanel } = await import("./js/app.js");
              document.body.innerHTML = `${content}<h2 id=heading tabindex=-1>A pod</h2>`;
              document.getElementById("used").focus();
              focusPanel(document.getElementById("heading"));
              focusPanel(null);
              return document.activeElement.id;
            }
            """,
            content);

        Assert.Equal(expected, focused);
    }
}
