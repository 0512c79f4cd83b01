using System.Net.Mime;
using ConntrackConsole.Api.Problems;
using ConntrackConsole.Components.Layout;
using ConntrackConsole.ErrorPages;
using ConntrackConsole.Identity;
using Microsoft.AspNetCore.Diagnostics;

namespace ConntrackConsole.Components.Pages.Errors;

/// <summary>
/// Answers requests that have failed and have no body yet: a browser gets a page, everything else a line of text. (The API answers its own
/// with problem details.) Each page stands alone, so that it is complete without a circuit; only an unknown address gets the shell of the
/// pages, in which the circuit then draws <see cref="NotFound"/>.
/// </summary>
internal static class BrowserErrors
{
    private const string Root = "/errors";

    /// <param name="isOther">Requests that are answered elsewhere.</param>
    public static void UseErrorPages(this WebApplication app, Func<HttpContext, bool> isOther)
    {
        // Not in a branch: a branch has no routes, so that the page of an error would not be found.
        app.UseStatusCodePagesWithReExecute(Root + "/{0}", createScopeForStatusCodePages: true);
        app.Use((context, next) =>
        {
            if (isOther(context) || !IsNavigation(context))
                context.Features.Get<IStatusCodePagesFeature>()!.Enabled = false;
            return next(context);
        });
        app.UseWhen(context => !isOther(context), own =>
        {
            own.UseExceptionHandler(new ExceptionHandlerOptions { ExceptionHandler = context => AnswerAsync(context, StatusOf(context)) });
            own.UseWhen(context => !IsNavigation(context), others => others.UseStatusCodePages(context => AnswerAsync(context.HttpContext, context.HttpContext.Response.StatusCode)));
        });
    }

    // A literal path is preferred to a parameter: 404 is the page.
    public static void MapErrorPages(this IEndpointRouteBuilder routes) =>
        routes.Map(Root + "/{status:int}", (HttpContext context) => AnswerAsync(
            context, context.Features.Get<IStatusCodeReExecuteFeature>() is { OriginalStatusCode: var status } ? status : StatusCodes.Status404NotFound)).AllowAnonymous();

    /// <summary>The page of a status.</summary>
    internal static ErrorPage Of(int status, string method = "GET") => status switch
    {
        StatusCodes.Status400BadRequest => new(status, RequestErrorCodes.Malformed, "The request was not understood",
            "The address or the form has a value that the console cannot read, or the form is from a page that is no longer current.", "Go back, reload the page, and try again."),
        StatusCodes.Status403Forbidden => new(status, IdentityErrorCodes.Forbidden, "Not allowed", "You are signed in, but your role does not allow this.",
            "Ask a person with that role to do it: the audit log has the names.", "Sign in with another link, if you have one."),
        StatusCodes.Status404NotFound => new ErrorPage(status, RequestErrorCodes.NotFound, "Page not found", "The console has no page at this address. A link may be incomplete, or from another version.")
        {
            Links = Links(),
        },
        StatusCodes.Status405MethodNotAllowed => new(status, RequestErrorCodes.MethodNotAllowed, "This address does not support the request", $"The address exists, but not for a request with the method {method}.",
            "Open it as a page, or see /openapi/v1.json for what the API supports."),
        StatusCodes.Status429TooManyRequests => new(status, RequestErrorCodes.TooMany, "Too many requests", "The console limits how often this can be requested. Nothing was changed by this request.",
            "Wait, then reload the page."),
        StatusCodes.Status503ServiceUnavailable => new(status, RequestErrorCodes.Unavailable, "The console is not ready", "It starts, stops, or lacks something that it needs. Collectors keep their data meanwhile and send it later.",
            "Reload the page in a few seconds.", "If it stays, /readyz names what is missing, and the console's log has the reason."),
        >= 500 => new ErrorPage(status, RequestErrorCodes.Failed, "The console failed to process the request", "The reason is in the console's log, at the time below. Nothing is known about what the request has done.",
            "Reload the page.", "Before you repeat an action, see the audit log for whether it was executed.", "If it fails again, check the disk space and the database file of the console.") { Links = Links() },
        _ => new(status, RequestErrors.Of(status).Code, RequestErrors.Of(status).Title, RequestErrors.Of(status).Text, "Go back, reload the page, and try again."),
    };

    private static int StatusOf(HttpContext context) =>
        context.Features.Get<IExceptionHandlerFeature>()?.Error is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status500InternalServerError;

    private static Task AnswerAsync(HttpContext context, int status)
    {
        if (IsPage(context.Request))
            return ErrorPageWriter.WriteAsync(context, Of(status, context.Request.Method));
        var (code, title, text) = RequestErrors.Of(status);
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync($"{title}. {text} [{code}]\n");
    }

    private static bool IsNavigation(HttpContext context) => IsPage(context.Request) && (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method));

    // Browsers name it for every page, and for nothing else.
    private static bool IsPage(HttpRequest request) => request.Headers.Accept.ToString().Contains(MediaTypeNames.Text.Html, StringComparison.OrdinalIgnoreCase);

    private static ErrorLink[] Links() => [.. NavPage.All.Select(page => new ErrorLink(page.Path, page.Name))];
}
