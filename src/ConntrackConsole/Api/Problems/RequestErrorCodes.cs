using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Api.Problems;

/// <summary>Codes of requests that no endpoint of the API answers.</summary>
[ReasonCodes("API: requests")]
internal static class RequestErrorCodes
{
    [Description("A changing request names an Origin that is not this console (403).")]
    public const string ForeignOrigin = "request.foreign_origin";

    [Description("A changing request is not sent as application/json (415).")]
    public const string NotJson = "request.not_json";

    [Description("There is no such path or object (404).")]
    public const string NotFound = "request.not_found";

    [Description("The path does not support the method (405).")]
    public const string MethodNotAllowed = "request.method_not_allowed";

    [Description("The request cannot be read, or is too large.")]
    public const string Malformed = "request.malformed";

    [Description("The console failed to answer; its log has the exception (500).")]
    public const string Failed = "request.failed";
}
