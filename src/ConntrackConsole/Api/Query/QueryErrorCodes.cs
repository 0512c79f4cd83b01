using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Api.Query;

/// <summary>Codes of query strings that cannot be answered (400).</summary>
[ReasonCodes("API: query strings")]
internal static class QueryErrorCodes
{
    [Description("A time is not written as RFC 3339.")]
    public const string InvalidTime = "query.invalid_time";

    [Description("The end of the window is before its start, or equal to it where a width is needed.")]
    public const string RangeReversed = "query.range_reversed";

    [Description("The window starts before 1970.")]
    public const string TooEarly = "query.too_early";

    [Description("The parameter is not a whole number.")]
    public const string NotANumber = "query.not_a_number";

    [Description("The number is below the minimum or above the maximum of the parameter.")]
    public const string OutOfRange = "query.out_of_range";

    [Description("The continue token is not one that an earlier page returned.")]
    public const string InvalidContinue = "query.invalid_continue";

    [Description("The step is not a duration such as 10s.")]
    public const string InvalidStep = "query.invalid_step";

    [Description("The step is too short for the window.")]
    public const string TooManyColumns = "query.too_many_columns";

    [Description("Two parameters are given of which only one may be.")]
    public const string Conflict = "query.conflict";

    [Description("The value is not one of those that the parameter allows.")]
    public const string UnknownValue = "query.unknown_value";

    [Description("A parameter that the endpoint does not know.")]
    public const string UnknownParameter = "query.unknown_parameter";

    [Description("A parameter is given more than once.")]
    public const string RepeatedParameter = "query.repeated_parameter";
}
