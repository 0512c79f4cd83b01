namespace ConntrackConsole.ErrorPages;

/// <summary>What a browser is shown instead of a page: what happened, and what to do.</summary>
/// <param name="Code">Stable; the same as in a problem of the API.</param>
/// <param name="Text">What happened, in plain English.</param>
/// <param name="Steps">What to do; each a sentence, with a command where one helps.</param>
internal sealed record ErrorPage(int Status, string Code, string Title, string Text, IReadOnlyList<ErrorStep> Steps)
{
    public ErrorPage(int status, string code, string title, string text, params ReadOnlySpan<string> steps)
        : this(status, code, title, text, [.. steps.ToArray().Select(step => new ErrorStep(step))])
    {
    }

    /// <summary>Links to pages that work.</summary>
    public IReadOnlyList<ErrorLink> Links { get; init; } = [];

    /// <summary>The links and forms are what most people came for: they go before the steps.</summary>
    public bool StepsLast { get; init; }

    /// <summary>Forms with one field.</summary>
    public IReadOnlyList<ErrorForm> Forms { get; init; } = [];
}

/// <param name="Command">A shell line, or null.</param>
internal sealed record ErrorStep(string Text, string? Command = null);

/// <summary>A form with one field for a secret: it is neither shown nor kept by the browser.</summary>
/// <param name="Path">Where it is sent.</param>
/// <param name="Text">Where the secret comes from.</param>
/// <param name="Hidden">Further fields.</param>
internal sealed record ErrorForm(string Path, ErrorStep Text, string Field, string Label, string Button, IReadOnlyList<(string Name, string Value)> Hidden);

/// <summary>A page of the console.</summary>
internal sealed record ErrorLink(string Path, string Name);
