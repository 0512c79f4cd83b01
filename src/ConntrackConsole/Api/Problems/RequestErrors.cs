using Microsoft.AspNetCore.WebUtilities;

namespace ConntrackConsole.Api.Problems;

/// <summary>A request that no endpoint has answered.</summary>
/// <param name="Title">In a few words.</param>
/// <param name="Text">What happened, and what to do.</param>
internal sealed record RequestError(string Code, string Title, string Text);

/// <summary>What a status without a body means, for programs and for browsers.</summary>
internal static class RequestErrors
{
    public static RequestError Of(int status) => status switch
    {
        StatusCodes.Status404NotFound => new(RequestErrorCodes.NotFound, "Not found", "There is no such path: see /openapi/v1.json."),
        StatusCodes.Status405MethodNotAllowed => new(RequestErrorCodes.MethodNotAllowed, "Method not allowed", "This path does not support the method: see /openapi/v1.json."),
        StatusCodes.Status415UnsupportedMediaType => new(RequestErrorCodes.NotJson, "Not JSON", "Send the body with Content-Type: application/json."),
        StatusCodes.Status429TooManyRequests => new(RequestErrorCodes.TooMany, "Too many requests", "The console limits how often this can be requested: wait, then try again."),
        StatusCodes.Status503ServiceUnavailable => new(RequestErrorCodes.Unavailable, "Not available", "The console starts, stops, or lacks something that it needs: see /readyz, then try again."),
        >= 500 => new(RequestErrorCodes.Failed, "The request failed", "The console failed to process the request: see its log."),
        _ => new(RequestErrorCodes.Malformed, "Invalid request", $"The request was rejected: {ReasonPhrases.GetReasonPhrase(status)}."),
    };
}
