using System.Text.Json.Serialization;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Api.Timeline;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace ConntrackConsole.Api;

/// <summary>The OpenAPI document of the API.</summary>
internal static class ApiServices
{
    private const string SecurityScheme = "session";

    public static IServiceCollection AddApi(this IServiceCollection services)
    {
        services.AddSingleton<TimelineAnswers>();
        services.ConfigureHttpJsonOptions(json =>
        {
            // The schemas of the document are generated with these options: enums are names, numbers are never strings.
            json.SerializerOptions.Converters.Add(new JsonStringEnumConverter());
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
        });
        return services.AddOpenApi("v1", options =>
        {
            options.ShouldInclude = endpoint => endpoint.RelativePath?.StartsWith(ApiPath.Root[1..], StringComparison.Ordinal) == true;
            options.AddDocumentTransformer(DescribeAsync);
            options.AddSchemaTransformer((schema, context, _) =>
            {
                // Some responses omit null members.
                foreach (var member in context.JsonTypeInfo.Properties.Where(member => member.IsGetNullable))
                    schema.Required?.Remove(member.Name);
                return Task.CompletedTask;
            });
        });
    }

    private static Task DescribeAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken ct)
    {
        document.Info = new OpenApiInfo
        {
            Title = "ConntrackConsole", Version = "v1",
            Description = "Times are RFC 3339 in UTC. Errors are problem details (RFC 9457) with a stable 'code'. Requests that change something must be sent as application/json.",
        };
        string? cookie = context.ApplicationServices.GetRequiredService<IOptionsMonitor<CookieAuthenticationOptions>>()
            .Get(CookieAuthenticationDefaults.AuthenticationScheme).Cookie.Name;
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[SecurityScheme] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Cookie, Name = cookie, Description = "The session that a sign-in link starts.",
        };
        document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(SecurityScheme, document)] = [] }];
        return Task.CompletedTask;
    }
}
