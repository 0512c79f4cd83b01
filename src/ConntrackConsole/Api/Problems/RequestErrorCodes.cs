using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Api.Problems;

/// <summary>Codes of requests that no endpoint of the API processes.</summary>
[ReasonCodes("API: requests")]
internal static class RequestErrorCodes
{
    [Description("The Origin header of a request that changes something is not this console (403).")]
    public const string ForeignOrigin = "request.foreign_origin";

    [Description("A request that changes something is not sent as application/json (415).")]
    public const string NotJson = "request.not_json";

    [Description("The body is larger than 256 KiB, or a message of Alertmanager than 1 MiB (400).")]
    public const string BodyTooLarge = "request.body_too_large";

    [Description("The body is not valid JSON, or has unknown, repeated or mistyped fields (400).")]
    public const string InvalidJson = "request.invalid_json";

    [Description("There is no such path or object (404).")]
    public const string NotFound = "request.not_found";

    [Description("The path does not support the method (405).")]
    public const string MethodNotAllowed = "request.method_not_allowed";

    [Description("The same is requested too often (429).")]
    public const string TooMany = "request.too_many";

    [Description("The console starts, stops, or lacks something that it needs (503).")]
    public const string Unavailable = "request.unavailable";

    [Description("The request is malformed or too large.")]
    public const string Malformed = "request.malformed";

    [Description("The console failed to process the request; its log has the exception (500).")]
    public const string Failed = "request.failed";
}
