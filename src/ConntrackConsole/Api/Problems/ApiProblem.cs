using System.Net.Mime;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;

namespace ConntrackConsole.Api.Problems;

/// <summary>Errors of the API: problem details (RFC 9457) with a stable code.</summary>
/// <param name="Code">Stable; the only member that programs should compare.</param>
/// <param name="Detail">What is wrong and what to do, in plain English.</param>
internal sealed record ApiProblem(string Type, string Title, int Status, string? Detail, string Code)
{
    public const string CodeMember = "code";

    /// <param name="more">Further extension members.</param>
    public static ProblemHttpResult Create(int status, string code, string title, string? detail, params ReadOnlySpan<(string Name, object? Value)> more)
    {
        var extensions = new Dictionary<string, object?> { [CodeMember] = code };
        foreach (var (name, value) in more)
            extensions[name] = value;
        return TypedResults.Problem(detail, statusCode: status, title: title, extensions: extensions);
    }

    /// <summary>Adds problem details to API responses that have none: unknown paths, wrong methods, failures.</summary>
    public static void UseOnApi(IApplicationBuilder api)
    {
        api.UseExceptionHandler(new ExceptionHandlerOptions { ExceptionHandler = AnswerExceptionAsync });
        api.UseStatusCodePages(context => ForStatus(context.HttpContext.Response.StatusCode).ExecuteAsync(context.HttpContext));
    }

    private static Task AnswerExceptionAsync(HttpContext context) =>
        (context.Features.Get<IExceptionHandlerFeature>()?.Error is BadHttpRequestException bad
            ? Create(bad.StatusCode, RequestErrorCodes.Malformed, "Invalid request", bad.Message)
            : ForStatus(StatusCodes.Status500InternalServerError)).ExecuteAsync(context);

    private static ProblemHttpResult ForStatus(int status)
    {
        var (code, title, text) = RequestErrors.Of(status);
        return Create(status, code, title, text);
    }
}

/// <summary>Describes in the OpenAPI document which problems an endpoint may return.</summary>
internal static class ApiProblemExtensions
{
    public const string ContentType = MediaTypeNames.Application.ProblemJson;

    public static void UseApiProblems(this WebApplication app) =>
        app.UseWhen(context => IsApi(context.Request), ApiProblem.UseOnApi);

    /// <summary>Requests of programs, which are answered with problem details.</summary>
    public static bool IsApi(HttpRequest request) => request.Path.StartsWithSegments("/api") || request.Path.StartsWithSegments("/openapi");

    public static TBuilder ProducesApiProblem<TBuilder>(this TBuilder builder, params int[] statuses)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata([.. statuses.Select(object (status) => Metadata(status))]);

    public static IProducesResponseTypeMetadata Metadata(int status) => new ProducesResponseTypeMetadata(status, typeof(ApiProblem), [ContentType]);
}
