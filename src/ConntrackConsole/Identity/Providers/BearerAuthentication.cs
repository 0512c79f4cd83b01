using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using ConntrackConsole.Configuration;
using ConntrackConsole.Kubernetes.Access;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Identity.Providers;

/// <summary>
/// Programs: each request to the API presents a token of this console, or one of the cluster that was issued for this console's audience. A
/// request with a token has no session, and a browser sends none by itself.
/// </summary>
internal sealed class BearerAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory log, UrlEncoder encoder, ApiTokens tokens, AccessReviews reviews, Sessions sessions,
    SignInAttempts attempts, IOptions<IdentityOptions> identity) : AuthenticationHandler<AuthenticationSchemeOptions>(options, log, encoder)
{
    public const string Name = "Bearer";

    private const string Before = "Bearer ";

    private Reason _refusal = new(IdentityErrorCodes.SignInRequired, "The request has no token.");

    /// <summary>Whether a request presents a token where one is accepted.</summary>
    public static bool IsFor(HttpRequest request) =>
        (request.Path.StartsWithSegments("/api") || request.Path.StartsWithSegments("/openapi"))
        && request.Headers.Authorization is [{ } header] && header.StartsWith(Before, StringComparison.OrdinalIgnoreCase);

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!IsFor(Request))
            return AuthenticateResult.NoResult();
        string credential = Request.Headers.Authorization[0]![Before.Length..].Trim(), address = ClientAddress.Of(Context);
        if (ApiTokens.HasForm(credential))
        {
            var (id, refusal) = await tokens.SignInAsync(credential, Context.RequestAborted);
            return id is null ? Refuse(refusal!, address) : await CheckAsync(ApiTokens.SessionPrefix + id, "program", address, []);
        }

        if (identity.Value.KubernetesAudience is not { } audience)
            return Refuse(new Reason(IdentityErrorCodes.TokenUnknown, $"Tokens of this console begin with {ApiTokens.Prefix}; tokens of the cluster are not accepted without Identity:Kubernetes:Audience."), address);
        // Tokens of the console cannot be guessed, and looking one up is cheap: a valid one is never refused because of others of its address.
        if (!attempts.MayTry(address))
            return Refuse(new Reason(IdentityErrorCodes.TooManyAttempts, "Too many requests with invalid tokens from this address: wait a minute."), address);
        try
        {
            return await reviews.TokenAsync(credential, audience, Context.RequestAborted) is { } token
                ? await CheckAsync(Sessions.RequestPrefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), token.User, address, token.Groups)
                : Refuse(new Reason(IdentityErrorCodes.TokenRefused, $"The API server does not accept this token for the audience {audience}."), address);
        }
        catch (ReviewUnavailableException failure)
        {
            _refusal = new Reason(IdentityErrorCodes.RightsUnknown, $"It is not known whether the token is valid. {failure.Message}");
            return AuthenticateResult.Fail(_refusal.Message);
        }
    }

    // Whom the cluster knows need not have a role here. What changes something is checked once more where it is authorized.
    private async Task<AuthenticateResult> CheckAsync(string session, string name, string address, IReadOnlyList<string> groups)
    {
        var claims = new List<Claim> { new(ClaimTypes.Name, name), new(Sessions.SessionClaim, session), new(Sessions.AddressClaim, address) };
        claims.AddRange(groups.Select(group => new Claim(Sessions.GroupClaim, group)));
        var user = new ClaimsPrincipal(new ClaimsIdentity(claims, Scheme.Name));
        var check = await sessions.CheckAsync(user, Context.RequestAborted);
        if (check.Principal is not null)
            return AuthenticateResult.Success(new AuthenticationTicket(user, Scheme.Name));
        // Not a failed attempt: the token is valid. A program without a role must not lock out the others of its address.
        _refusal = check.Refusal!;
        return AuthenticateResult.Fail(_refusal.Message);
    }

    private AuthenticateResult Refuse(Reason refusal, string address)
    {
        attempts.Failed(address);
        _refusal = refusal;
        return AuthenticateResult.Fail(refusal.Message);
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        int status = _refusal.Code switch
        {
            IdentityErrorCodes.TooManyAttempts => StatusCodes.Status429TooManyRequests,
            IdentityErrorCodes.RightsUnknown => StatusCodes.Status503ServiceUnavailable,
            IdentityErrorCodes.NoRole or IdentityErrorCodes.NameInvalid => StatusCodes.Status403Forbidden,
            _ => StatusCodes.Status401Unauthorized,
        };
        if (status == StatusCodes.Status401Unauthorized)
            Response.Headers.WWWAuthenticate = "Bearer";
        return SignInPage.ProblemAsync(Context, status, _refusal, "Token not accepted");
    }
}
