using System.Globalization;
using System.Reflection;
using ConntrackConsole.Api.Problems;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace ConntrackConsole.Api.Query;

/// <summary>
/// Reads the parameters of one request. They are bound as text, so that every error can name its parameter and have a code.
/// The first error is kept; values that cannot be read have their default.
/// </summary>
internal sealed class QueryReader
{
    private const int MaxQuoted = 60;

    public ProblemHttpResult? Problem { get; private set; }

    public void Fail(string code, string detail) => Problem ??= ApiProblem.Create(StatusCodes.Status400BadRequest, code, "Invalid request", detail);

    /// <summary>Null if the parameter is absent or empty.</summary>
    public static string? Text(string? text) => string.IsNullOrEmpty(text) ? null : text;

    public DateTimeOffset? Time(string name, string? text)
    {
        if (Text(text) is null)
            return null;
        if (ApiTime.TryRead(text!, out var time))
            return time;
        Fail(QueryErrorCodes.InvalidTime, $"'{name}' is not an RFC 3339 time: {Shorten(text!)}. Use a time such as 2026-11-24T17:00:00Z.");
        return null;
    }

    /// <param name="mayBeEmpty">Whether a window of zero length is valid.</param>
    public void RequireOrder(DateTimeOffset? from, DateTimeOffset? to, bool mayBeEmpty)
    {
        if (from > to || (from == to && from is not null && !mayBeEmpty))
            Fail(QueryErrorCodes.RangeReversed, mayBeEmpty ? "'from' must not be later than 'to'." : "'from' must be earlier than 'to'.");
    }

    public int? Integer(string name, string? text, int min, int max)
    {
        if (Text(text) is null)
            return null;
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number))
            Fail(QueryErrorCodes.NotANumber, $"'{name}' must be a whole number from {min} to {max}: {Shorten(text!)}.");
        else if (number < min || number > max)
            Fail(QueryErrorCodes.OutOfRange, $"'{name}' must be a whole number from {min} to {max}: {Shorten(text!)}.");
        else
            return (int)number;
        return null;
    }

    /// <summary>The token of a page.</summary>
    /// <param name="parse">Returns null if the token was not returned by a page.</param>
    public T? Continue<T>(string? text, Func<string, T?> parse)
        where T : class
    {
        if (Text(text) is null)
            return null;
        if (parse(text!) is { } place)
            return place;
        Fail(QueryErrorCodes.InvalidContinue, "'continue' is not a token of an earlier page: omit it to start with the newest item.");
        return null;
    }

    /// <summary>A token that is a row number or an instant.</summary>
    public long? Continue(string? text)
    {
        string? number = Continue(text, token => long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value > 0 ? token : null);
        return number is null ? null : long.Parse(number, CultureInfo.InvariantCulture);
    }

    /// <summary>For endpoints where a misspelt parameter would silently return something else.</summary>
    /// <param name="parameters">The types with the endpoint's parameters.</param>
    public void RefuseUnknown(IQueryCollection query, params Type[] parameters)
    {
        string[] known = [.. parameters.SelectMany(type => type.GetProperties()).Select(property => property.GetCustomAttribute<FromQueryAttribute>()?.Name).OfType<string>()];
        foreach (var (name, values) in query)
        {
            if (!known.Contains(name, StringComparer.Ordinal))
                Fail(QueryErrorCodes.UnknownParameter, $"'{Shorten(name)}' is not a parameter of this endpoint: use {string.Join(", ", known)}.");
            else if (values.Count > 1)
                Fail(QueryErrorCodes.RepeatedParameter, $"'{name}' is given {values.Count} times: use it once.");
        }
    }

    public static string Shorten(string text) => TextSummary.Truncate(text, MaxQuoted);
}
