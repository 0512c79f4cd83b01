using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Api.Query;

/// <summary>Codes of invalid query strings (400).</summary>
[ReasonCodes("API: query strings")]
internal static class QueryErrorCodes
{
    [Description("A time is not written as RFC 3339.")]
    public const string InvalidTime = "query.invalid_time";

    [Description("The end of the window is before its start, or equal to it where the window must not be empty.")]
    public const string RangeReversed = "query.range_reversed";

    [Description("The window starts before 1970.")]
    public const string TooEarly = "query.too_early";

    [Description("The parameter is not a whole number.")]
    public const string NotANumber = "query.not_a_number";

    [Description("The number is below the minimum or above the maximum of the parameter.")]
    public const string OutOfRange = "query.out_of_range";

    [Description("The continue token was not returned by an earlier page.")]
    public const string InvalidContinue = "query.invalid_continue";

    [Description("The step is not a duration such as 10s.")]
    public const string InvalidStep = "query.invalid_step";

    [Description("The step is too short for the window.")]
    public const string TooManyColumns = "query.too_many_columns";

    [Description("Two mutually exclusive parameters are given.")]
    public const string Conflict = "query.conflict";

    [Description("The parameter does not allow the value.")]
    public const string UnknownValue = "query.unknown_value";

    [Description("The endpoint does not know the parameter.")]
    public const string UnknownParameter = "query.unknown_parameter";

    [Description("A parameter is given more than once.")]
    public const string RepeatedParameter = "query.repeated_parameter";
}
