using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace ConntrackConsole.ErrorPages;

/// <summary>
/// Writes error pages as one document that loads nothing: it must be readable where there is no circuit, no session and no style sheet. Its
/// colours are those of wwwroot/css/tokens.css.
/// </summary>
internal static class ErrorPageWriter
{
    private const string Style = """
        :root{--page:#f3f5f8;--surface:#ffffff;--sunken:#f6f8fa;--line:#d9dfe7;--text:#17212d;--muted:#526070;--accent:#0b5cad;color-scheme:light}
        @media (prefers-color-scheme: dark){:root:not([data-theme=light]){--page:#0d1218;--surface:#151c24;--sunken:#1a222c;--line:#2b3644;--text:#e7edf4;--muted:#a3b0c0;--accent:#7db8f2;color-scheme:dark}}
        :root[data-theme=dark]{--page:#0d1218;--surface:#151c24;--sunken:#1a222c;--line:#2b3644;--text:#e7edf4;--muted:#a3b0c0;--accent:#7db8f2;color-scheme:dark}
        body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI","Noto Sans","Liberation Sans","DejaVu Sans",sans-serif}
        main{box-sizing:border-box;max-width:46rem;margin:8vh auto;padding:24px 28px;background:var(--surface);border:1px solid var(--line);border-radius:8px}
        h1{margin:4px 0 8px;font-size:22px;line-height:1.3}h2{margin:20px 0 8px;font-size:16px}
        p{margin:0 0 10px;overflow-wrap:anywhere}ol{margin:0 0 12px;padding-left:22px}li{margin-bottom:8px}
        .muted{color:var(--muted);font-size:13px}a{color:var(--accent)}nav{display:flex;flex-wrap:wrap;gap:0 16px;margin:12px 0}nav a{padding:10px 0}
        code{font-family:ui-monospace,Menlo,Consolas,"Liberation Mono",monospace;font-size:.92em;overflow-wrap:anywhere}
        form{display:grid;gap:8px;margin:16px 0}label{display:grid;gap:4px}input,button{box-sizing:border-box;font:inherit;padding:9px 12px;border-radius:6px;border:1px solid var(--line);background:var(--sunken);color:var(--text)}
        button{justify-self:start;border-color:var(--accent);background:var(--accent);color:var(--surface);font-weight:600;cursor:pointer}
        li code,form code{display:block;margin-top:4px;padding:8px 12px;background:var(--sunken);border:1px solid var(--line);border-radius:6px}
        @media (max-width:720px){main{margin:0;min-height:100vh;border:0;border-radius:0;padding:20px 16px}}
        """;

    // The theme that the user has chosen on the console's pages.
    private const string Script = """try{const t=localStorage.getItem("theme");if(t==="dark"||t==="light")document.documentElement.dataset.theme=t}catch{}""";

    /// <summary>The one inline script that the console's pages have, for a Content-Security-Policy: sha256-….</summary>
    public static readonly string ScriptHash = "sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Script)));

    /// <summary>Sets the status and writes the page.</summary>
    public static Task WriteAsync(HttpContext context, ErrorPage page)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(page);
        context.Response.StatusCode = page.Status;
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        var at = context.RequestServices.GetService<TimeProvider>()?.GetUtcNow() ?? DateTimeOffset.UtcNow;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(Html(page, at));
    }

    /// <param name="at">By which the request is found in the console's log.</param>
    internal static string Html(ErrorPage page, DateTimeOffset at)
    {
        var html = new StringBuilder();
        html.Append(CultureInfo.InvariantCulture, $"""
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
            <title>{Text(page.Title)} – ConntrackConsole</title><style>{Style}</style><script>{Script}</script></head>
            <body><main><p class="muted">ConntrackConsole · {page.Status}</p><h1>{Text(page.Title)}</h1><p>{Text(page.Text)}</p>
            """);
        string steps = page.Steps.Count == 0 ? "" : $"<ol>{string.Concat(page.Steps.Select(step => $"<li>{Text(step.Text)}{(step.Command is { } command ? $"<code>{Text(command)}</code>" : "")}</li>"))}</ol>";
        string links = page.Links.Count == 0 ? "" : $"<nav aria-label=\"Pages\">{string.Concat(page.Links.Select(link => $"<a href=\"{Text(link.Path)}\">{Text(link.Name)}</a>"))}</nav>";
        string forms = string.Concat(page.Forms.Select(Html));
        html.Append(page.StepsLast ? $"{links}{forms}{(steps.Length > 0 && links.Length + forms.Length > 0 ? "<h2>Or by a link</h2>" : "")}{steps}" : $"{steps}{links}{forms}");
        html.Append(CultureInfo.InvariantCulture, $"<p class=\"muted\"><code>{Text(page.Code)}</code> · {at.UtcDateTime:yyyy-MM-dd HH:mm:ss'Z'}</p></main></body></html>\n");
        return html.ToString();
    }

    private static string Html(ErrorForm form) => $"""
        <form method="post" action="{Text(form.Path)}">{string.Concat(form.Hidden.Select(field => $"<input type=\"hidden\" name=\"{Text(field.Name)}\" value=\"{Text(field.Value)}\">"))}
        <p>{Text(form.Text.Text)}{(form.Text.Command is { } command ? $"<code>{Text(command)}</code>" : "")}</p>
        <label>{Text(form.Label)}<input type="password" name="{Text(form.Field)}" autocomplete="off" spellcheck="false" required></label><button>{Text(form.Button)}</button></form>
        """;

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
