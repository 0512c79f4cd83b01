using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using MudBlazor;

namespace ConntrackConsole.Tests.Components;

/// <summary>What a user does with a rendered component.</summary>
internal static class UserGestures
{
    /// <summary>Clicks on the element with this test id, once it is there. On the renderer's thread: between the two, a render cannot replace its handler.</summary>
    public static async Task ClickAsync(this IRenderedComponent<IComponent> page, string testId, string within = "")
    {
        string element = $"[data-testid={testId}] {within}";
        page.WaitForElement(element);
        await page.InvokeAsync(() => page.Find(element).ClickAsync(new MouseEventArgs()));
    }

    /// <summary>Chooses the option with the value, as a click on it does.</summary>
    public static Task ChooseAsync<T>(this IRenderedComponent<IComponent> page, string testId, T value)
    {
        var select = Select<T>(page, testId);
        return select.InvokeAsync(() => select.Instance.SelectOption(value));
    }

    /// <summary>Opens the list: the texts of its options, in order.</summary>
    public static async Task<IEnumerable<string>> OptionsAsync<T>(this IRenderedComponent<IComponent> page, IRenderedComponent<MudPopoverProvider> lists, string testId)
    {
        var select = Select<T>(page, testId);
        await select.InvokeAsync(select.Instance.OpenMenu);
        return lists.WaitForElements(".mud-list-item").Select(option => option.TextContent.Trim());
    }

    private static IRenderedComponent<MudSelect<T>> Select<T>(IRenderedComponent<IComponent> page, string testId) =>
        page.FindComponents<MudSelect<T>>().Single(select => Equals(select.Instance.UserAttributes["data-testid"], testId));
}
