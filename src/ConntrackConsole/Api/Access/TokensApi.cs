using System.Text.Json.Serialization;
using ConntrackConsole.Api.Problems;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Identity;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConntrackConsole.Api.Access;

/// <summary>Tokens of programs, for admins: list, create, revoke.</summary>
internal static class TokensApi
{
    private const string Json = "application/json";
    private const string Tag = "Access";

    public static void MapTokens(this IEndpointRouteBuilder api)
    {
        api.MapGet("/tokens", ListAsync).WithName("listTokens").WithTags(Tag).WithSummary("Tokens of programs, newest first, without their secrets").ProducesApiProblem(403);
        api.MapPost("/tokens", CreateAsync).WithName("createToken").WithTags(Tag).WithSummary("Create a token; its secret is in this answer only")
            .Accepts<TokenBody>(Json).Produces<CreatedToken>(StatusCodes.Status201Created, Json).ProducesApiProblem(400, 403, 415);
        api.MapPost("/tokens/{id}/revoke", RevokeAsync).WithName("revokeToken").WithTags(Tag).WithSummary("Revoke a token at once")
            .Produces<TokenView>(StatusCodes.Status200OK, Json).ProducesApiProblem(403, 404, 409, 415);
    }

    private static async Task<Results<Ok<TokenList>, ProblemHttpResult>> ListAsync(HttpContext context, Sessions sessions, ApiTokens tokens)
    {
        var (admin, refusal) = await AdminAsync(context, sessions);
        return admin is null ? refusal! : TypedResults.Ok(new TokenList([.. (await tokens.ListAsync(context.RequestAborted)).Select(TokenView.Of)]));
    }

    private static async Task<IResult> CreateAsync(HttpContext context, Sessions sessions, ApiTokens tokens)
    {
        var ct = context.RequestAborted;
        var (admin, refusal) = await AdminAsync(context, sessions);
        if (admin is null)
            return refusal!;
        var (body, error) = await StrictBody.ReadAsync<TokenBody>(context.Request, ct);
        if (body is null)
            return ApiProblem.Create(StatusCodes.Status400BadRequest, error!.Code, "Invalid request", error.Message);
        var role = ApiTokens.Roles.Cast<Role?>().FirstOrDefault(one => one!.Value.Name() == body.Role);
        // Another role is refused by the same sentence, whatever it is.
        var (token, secret, why) = await tokens.CreateAsync(admin, body.Name, role ?? Role.Admin, body.Days ?? 0, ct);
        return token is null ? Refused(why!) : TypedResults.Json(new CreatedToken(secret!, TokenView.Of(token)), statusCode: StatusCodes.Status201Created);
    }

    private static async Task<IResult> RevokeAsync(string id, HttpContext context, Sessions sessions, ApiTokens tokens)
    {
        var (admin, refusal) = await AdminAsync(context, sessions);
        if (admin is null)
            return refusal!;
        if (await tokens.RevokeAsync(admin, id, context.RequestAborted) is { } why)
            return Refused(why);
        return TypedResults.Ok(TokenView.Of((await tokens.ListAsync(context.RequestAborted)).First(token => token.Id == id)));
    }

    // The service refuses once more: here a list is refused too.
    private static async Task<(Principal? Admin, ProblemHttpResult? Refusal)> AdminAsync(HttpContext context, Sessions sessions)
    {
        var check = await sessions.CheckAsync(context.User, context.RequestAborted);
        if (check.Principal is not { } principal)
            return (null, ApiProblem.Create(StatusCodes.Status401Unauthorized, check.Refusal!.Code, "Sign in", check.Refusal.Message));
        return principal.Role.MayAdminister() ? (principal, null)
            : (null, Refused(new Reason(IdentityErrorCodes.Forbidden, $"{principal.Name} is {principal.Role.Name()}: only an admin manages tokens.")));
    }

    private static ProblemHttpResult Refused(Reason why)
    {
        var (status, title) = why.Code switch
        {
            IdentityErrorCodes.Forbidden => (StatusCodes.Status403Forbidden, "Not allowed"),
            IdentityErrorCodes.TokenUnknown => (StatusCodes.Status404NotFound, "Not found"),
            IdentityErrorCodes.TokenEnded => (StatusCodes.Status409Conflict, "Not possible now"),
            _ => (StatusCodes.Status400BadRequest, "Invalid request"),
        };
        return ApiProblem.Create(status, why.Code, title, why.Message);
    }
}

/// <summary>A token that is to be created.</summary>
internal sealed class TokenBody
{
    /// <summary>Of the program, as the audit log shows it.</summary>
    public string? Name { get; set; }

    /// <summary>viewer or operator.</summary>
    public string? Role { get; set; }

    /// <summary>How long it is valid: 1 to 366.</summary>
    public int? Days { get; set; }
}

/// <param name="Token">The secret: send it as Authorization: Bearer. It is not shown again.</param>
internal sealed record CreatedToken(string Token, [property: JsonPropertyName("about")] TokenView About);

internal sealed record TokenList(IReadOnlyList<TokenView> Tokens);

/// <param name="Until">When it expires.</param>
/// <param name="Revoked">When it was revoked; null if it was not.</param>
/// <param name="LastUsed">To the minute; null if it was never used.</param>
internal sealed record TokenView(string Id, string Name, string Role, string CreatedBy, DateTimeOffset Created, DateTimeOffset Until, DateTimeOffset? Revoked, DateTimeOffset? LastUsed)
{
    public static TokenView Of(ApiToken token) => new(
        token.Id, token.Name, token.Role.Name(), token.CreatedBy, DateTimeOffset.FromUnixTimeMilliseconds(token.CreatedMs), DateTimeOffset.FromUnixTimeMilliseconds(token.UntilMs),
        token.EndedMs is { } ended ? DateTimeOffset.FromUnixTimeMilliseconds(ended) : null, token.LastUsedMs is { } used ? DateTimeOffset.FromUnixTimeMilliseconds(used) : null);
}
