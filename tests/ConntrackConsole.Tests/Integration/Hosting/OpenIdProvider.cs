using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace ConntrackConsole.Tests.Integration.Hosting;

/// <summary>A real OpenID Connect provider (OpenIddict) on loopback, which signs one person in without asking. A test may replace its identity tokens.</summary>
internal sealed class OpenIdProvider : IAsyncDisposable
{
    public const string ClientId = "conntrack-console", ClientSecret = "client-secret-of-the-test";

    private readonly RSA _key = RSA.Create(2048), _otherKey = RSA.Create(2048);
    private readonly WebApplication _server;

    private OpenIdProvider()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        builder.Services.AddAuthentication();
        builder.Services.AddOpenIddict().AddServer(options =>
        {
            options.SetAuthorizationEndpointUris("authorize").SetTokenEndpointUris("token");
            options.AllowAuthorizationCodeFlow().RequireProofKeyForCodeExchange();
            options.RegisterScopes(Scopes.OpenId, Scopes.Profile, Scopes.Email, "groups");
            options.AddEphemeralEncryptionKey().AddSigningKey(new RsaSecurityKey(_key) { KeyId = "test" });
            // Without a store: the handlers below know the one client.
            options.EnableDegradedMode();
            options.UseAspNetCore().DisableTransportSecurityRequirement();
            options.AddEventHandler<ValidateAuthorizationRequestContext>(handler => handler.UseInlineHandler(context =>
            {
                if (context.ClientId != ClientId || context.RedirectUri != RedirectUri)
                    context.Reject(Errors.InvalidClient, "another client, or another address of it");
                return default;
            }));
            options.AddEventHandler<ValidateTokenRequestContext>(handler => handler.UseInlineHandler(context =>
            {
                if (context.ClientId != ClientId || context.ClientSecret != ClientSecret)
                    context.Reject(Errors.InvalidClient, "another client, or another secret");
                return default;
            }));
            options.AddEventHandler<HandleAuthorizationRequestContext>(handler => handler.UseInlineHandler(context =>
            {
                context.SignIn(Person());
                return default;
            }));
            options.AddEventHandler<ApplyTokenResponseContext>(handler => handler.SetOrder(int.MinValue + 1_000).UseInlineHandler(context =>
            {
                if (Tamper is { } tamper && context.Response.IdToken is { } token)
                    context.Response.IdToken = Sign(tamper, token);
                return default;
            }));
        });
        _server = builder.Build();
        _server.UseAuthentication();
    }

    public string Url => _server.Urls.First();

    /// <summary>The address of the client to which the provider leads back.</summary>
    public string RedirectUri { get; set; } = "";

    public string Email { get; set; } = "olivia@example.com";

    public bool EmailVerified { get; set; } = true;

    public string[] Groups { get; set; } = ["oncall", "staff"];

    /// <summary>Changes the claims of the identity token, and says how it is signed; null: as the provider does.</summary>
    public Func<JsonObject, Signature>? Tamper { get; set; }

    public static async Task<OpenIdProvider> StartAsync()
    {
        var provider = new OpenIdProvider();
        await provider._server.StartAsync();
        return provider;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _key.Dispose();
        _otherKey.Dispose();
    }

    private ClaimsPrincipal Person()
    {
        var identity = new ClaimsIdentity("test", Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, "person-1").SetClaim(Claims.Email, Email).SetClaim(Claims.EmailVerified, EmailVerified).SetClaims("groups", [.. Groups]);
        identity.SetDestinations(_ => [Destinations.IdentityToken]);
        var person = new ClaimsPrincipal(identity);
        person.SetScopes(Scopes.OpenId, Scopes.Email, "groups");
        return person;
    }

    private string Sign(Func<JsonObject, Signature> tamper, string token)
    {
        var claims = JsonNode.Parse(Base64UrlEncoder.Decode(token.Split('.')[1]))!.AsObject();
        var signature = tamper(claims);
        string header = signature == Signature.None ? """{"alg":"none","typ":"JWT"}""" : """{"alg":"RS256","kid":"test","typ":"JWT"}""";
        string signed = $"{Base64UrlEncoder.Encode(header)}.{Base64UrlEncoder.Encode(claims.ToJsonString())}";
        return signature == Signature.None ? signed + "."
            : $"{signed}.{Base64UrlEncoder.Encode((signature == Signature.Own ? _key : _otherKey).SignData(Encoding.UTF8.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }
}

internal enum Signature
{
    Own,
    OtherKey,
    None,
}
