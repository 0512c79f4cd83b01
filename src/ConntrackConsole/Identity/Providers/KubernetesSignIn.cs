using System.Text.Json;
using System.Text.Json.Nodes;
using ConntrackConsole.Configuration;
using ConntrackConsole.Kubernetes.Access;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Identity.Providers;

/// <summary>A person pastes a token that the cluster's API server accepts. The console does not keep it.</summary>
internal sealed class KubernetesSignIn(AccessReviews reviews, Sessions sessions, SignInAttempts attempts, IOptions<IdentityOptions> options, TimeProvider time)
{
    public const string Path = "/signin/kubernetes";
    public const string Field = "token";

    private const string Origin = "Token of the cluster";

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost(Path, (HttpContext context, KubernetesSignIn signIn, IAntiforgery forms) => signIn.SignInAsync(context, forms)).AllowAnonymous();

    private async Task SignInAsync(HttpContext context, IAntiforgery forms)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (!options.Value.KubernetesSignIn)
        {
            await SignInPage.WriteAsync(context, StatusCodes.Status404NotFound, IdentityErrorCodes.SignInRequired, "No sign-in by token", "This console does not accept tokens of the cluster (Identity:Kubernetes:SignIn).");
            return;
        }

        if (!await forms.IsRequestValidAsync(context))
        {
            await SignInPage.WriteAsync(context, StatusCodes.Status400BadRequest, IdentityErrorCodes.InvalidForm, "Not signed in", "The request did not come from a current page of this console. Reload the page and sign in there.");
            return;
        }

        string address = ClientAddress.Of(context);
        var (status, check) = attempts.MayTry(address)
            ? await CheckAsync(context.Request.Form[Field].ToString().Trim(), address, context.RequestAborted)
            : (StatusCodes.Status429TooManyRequests, new SessionCheck(null, new Reason(IdentityErrorCodes.TooManyAttempts, "Too many failed sign-ins from this address: wait a minute.")));
        if (check.Principal is not { } principal)
        {
            await SignInPage.WriteAsync(context, status, check.Refusal!.Code, "Not signed in", check.Refusal.Message);
            return;
        }

        await SignIn.CompleteAsync(context, sessions, principal, SignInPage.Local(context.Request.Form["return"]));
    }

    private async Task<(int Status, SessionCheck Check)> CheckAsync(string token, string address, CancellationToken ct)
    {
        try
        {
            if (await reviews.TokenAsync(token, options.Value.KubernetesAudience, ct) is { } account)
            {
                var check = await sessions.BeginAsync(new Person(account.User, SignInSource.Kubernetes, account.Groups), address, Origin, Remaining(token), ct);
                if (check.Principal is null)
                    attempts.Failed(address);
                return (check.IsUnknown ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status403Forbidden, check);
            }
        }
        catch (ReviewUnavailableException failure)
        {
            return (StatusCodes.Status503ServiceUnavailable, new SessionCheck(null, new Reason(IdentityErrorCodes.RightsUnknown, $"It is not known whether the token is valid. {failure.Message}")));
        }

        var refusal = new Reason(IdentityErrorCodes.TokenRefused, "The cluster's API server does not accept this token: it has expired, is of another cluster, or was issued for another audience.");
        if (attempts.Failed(address))
            await sessions.RefusedAsync(address, Origin, refusal, ct);
        return (StatusCodes.Status401Unauthorized, new SessionCheck(null, refusal));
    }

    // The session ends with the token. Its claim is not verified here, and can only make the session shorter.
    private TimeSpan Remaining(string token)
    {
        try
        {
            string[] parts = token.Split('.');
            if (parts.Length != 3)
                return Sessions.Ttl;
            string payload = parts[1].Replace('-', '+').Replace('_', '/');
            var claims = JsonNode.Parse(Convert.FromBase64String(payload.PadRight((payload.Length + 3) / 4 * 4, '=')));
            return (long?)claims?["exp"] is { } until && until is > 0 and < 100_000_000_000
                ? TimeSpan.FromSeconds(Math.Max(0, until - time.GetUtcNow().ToUnixTimeSeconds())) : Sessions.Ttl;
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException)
        {
            return Sessions.Ttl;
        }
    }
}
