using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ConntrackConsole.Configuration.Keys;

namespace ConntrackConsole.Configuration;

/// <summary>Who may sign in.</summary>
[ConfigurationSection("Identity")]
internal sealed class IdentityOptions : IDerivedOptions
{
    [ConfigurationKey("token of the one sign-in link that exists without Identity:Links", WhenUnset = "generated at each start and printed in the log")]
    public string? SignInToken { get; set; }

    /// <summary>At least one once bound, unless people sign in otherwise.</summary>
    public List<SignInLinkOptions> Links { get; set; } = [];

    [ConfigurationKey("issuer of an OpenID Connect provider; people sign in there (code flow with PKCE)", WhenUnset = "no provider", FullKey = "Identity:OpenIdConnect:Authority")]
    public string? OidcAuthority { get; set; }

    [ConfigurationKey("what the sign-in page calls the provider", FullKey = "Identity:OpenIdConnect:DisplayName")]
    public string OidcDisplayName { get; set; } = "OpenID Connect";

    [ConfigurationKey("client id of this console at the provider", WhenUnset = "required with a provider", FullKey = "Identity:OpenIdConnect:ClientId")]
    public string? OidcClientId { get; set; }

    [ConfigurationKey("secret of that client", WhenUnset = "a public client", FullKey = "Identity:OpenIdConnect:ClientSecret")]
    public string? OidcClientSecret { get; set; }

    [ConfigurationKey("scopes that are asked for, separated by spaces", FullKey = "Identity:OpenIdConnect:Scopes")]
    public string OidcScopes { get; set; } = "openid profile email groups";

    [ConfigurationKey("claim with the name that the audit log shows", FullKey = "Identity:OpenIdConnect:NameClaim")]
    public string OidcNameClaim { get; set; } = "email";

    [ConfigurationKey("claim with the groups for Identity:Roles", FullKey = "Identity:OpenIdConnect:GroupsClaim")]
    public string OidcGroupsClaim { get; set; } = "groups";

    [ConfigurationKey("minutes after which a session of the provider ends, and the provider is asked again", FullKey = "Identity:OpenIdConnect:SessionMinutes"), Range(5, 720)]
    public int OidcSessionMinutes { get; set; } = 240;

    [ConfigurationKey("true: people may sign in with a token that the cluster's API server accepts (kubectl create token)", FullKey = "Identity:Kubernetes:SignIn")]
    public bool KubernetesSignIn { get; set; }

    [ConfigurationKey("audience of tokens of the cluster that people and programs present", WhenUnset = "people: the API server's own; programs: none is accepted", FullKey = "Identity:Kubernetes:Audience")]
    public string? KubernetesAudience { get; set; }

    /// <summary>Who has which role, of people and programs without a link; the first match counts.</summary>
    public List<RoleRuleOptions> Roles { get; set; } = [];

    [ConfigurationKey("true: those whom no entry of Identity:Roles names have the role that the cluster's RBAC allows them on conntrackconsole.io")]
    public bool ClusterRoles { get; set; }

    /// <summary>Whether anyone can sign in, or present a token, who has no link.</summary>
    public bool HasProviders => OidcAuthority is not null || KubernetesSignIn || KubernetesAudience is not null;

    public void Derive()
    {
        if (Links.Count == 0 && OidcAuthority is null && !KubernetesSignIn)
            Links.Add(new SignInLinkOptions { Name = SignInLinkOptions.DefaultName, Role = SignInLinkOptions.DefaultRole, Token = SignInToken });
    }
}

/// <summary>One sign-in link: for whom, and that person's role.</summary>
internal sealed class SignInLinkOptions : IListEntry
{
    /// <summary>Person of the one link that exists if none is configured.</summary>
    public const string DefaultName = "operator (link)";

    public const string DefaultRole = "operator";

    public static readonly IReadOnlyList<string> Roles = ["viewer", DefaultRole, "approver", "admin", "break-glass"];

    public string? Path { get; set; }

    [ConfigurationKey("name of the person that a sign-in link is for, as the audit log shows it", WhenUnset = "one link, for 'operator (link)'")]
    public string Name { get; set; } = "";

    [ConfigurationKey("role of that person", WhenUnset = "required"), AllowedValues("viewer", DefaultRole, "approver", "admin", "break-glass")]
    public string? Role { get; set; }

    [ConfigurationKey("token of that link", WhenUnset = "generated at each start and printed in the log")]
    public string? Token { get; set; }
}

/// <summary>The role of a person or a group.</summary>
internal sealed class RoleRuleOptions : IListEntry
{
    public string? Path { get; set; }

    [ConfigurationKey("name of the person, service account or program that has the role", WhenUnset = "a group is named")]
    public string? User { get; set; }

    [ConfigurationKey("group that has the role", WhenUnset = "a person is named")]
    public string? Group { get; set; }

    [ConfigurationKey("role that they have", WhenUnset = "required"), AllowedValues("viewer", SignInLinkOptions.DefaultRole, "approver", "admin", "break-glass")]
    public string? Role { get; set; }
}

/// <summary>Validates the sign-in links: each is for one person with a readable name.</summary>
internal sealed partial class IdentityOptionsValidator(IConfiguration configuration) : OptionsValidator<IdentityOptions>
{
    private const int MaxNameLength = 64;

    // The console itself writes audit rows under this name.
    private const string ProgramName = "conntrack-console";

    protected override IEnumerable<ConfigurationError> Check(IdentityOptions options)
    {
        if (options.SignInToken is not null && !UrlSafeToken().IsMatch(options.SignInToken))
            yield return InvalidToken(ConfigurationKeys.SignInToken);
        if (options.SignInToken is not null && !options.Links.Any(link => link.Path is null))
        {
            yield return new ConfigurationError(
                ConfigurationErrorCodes.Conflict, ConfigurationKeys.SignInToken,
                $"{ConfigurationKeys.SignInToken} is the token of the one link that exists without {ConfigurationKeys.Links} and providers: move it to {options.Links.FirstOrDefault()?.Path ?? $"{ConfigurationKeys.Links}:0"}:Token, or omit it.");
        }

        foreach (var error in CheckProviders(options).Concat(CheckRoles(options)))
            yield return error;

        for (int i = 0; i < options.Links.Count; i++)
        {
            if (options.Links[i].Path is not { } path)
                continue;
            foreach (var error in Check(path, options.Links[i], options.Links.Take(i).ToList()))
                yield return error;
        }
    }

    private IEnumerable<ConfigurationError> Check(string path, SignInLinkOptions link, List<SignInLinkOptions> earlier)
    {
        string name = $"{path}:Name", role = $"{path}:Role", token = $"{path}:Token";
        if (link.Name.Length == 0)
            yield return new ConfigurationError(ConfigurationErrorCodes.Missing, name, $"{name} is not set: set it to the name that the audit log shows, such as olivia.");
        else if (link.Name.Length > MaxNameLength || !VisibleText.IsVisible(link.Name))
            yield return new ConfigurationError(ConfigurationErrorCodes.InvalidName, name, $"{name} must be 1 to {MaxNameLength} visible characters: the audit log shows it.");
        else if (link.Name.Equals(ProgramName, StringComparison.OrdinalIgnoreCase))
            yield return new ConfigurationError(ConfigurationErrorCodes.InvalidName, name, $"{name} is '{link.Name}', the name that the console itself uses in the audit log: choose another name.");
        if (link.Name.Length > 0 && earlier.Any(other => other.Name.Equals(link.Name, StringComparison.OrdinalIgnoreCase)))
            yield return new ConfigurationError(ConfigurationErrorCodes.Duplicate, name, $"{name} is '{link.Name}', which is also the name of another link: use different names, so that the audit log can distinguish them.");
        if (string.IsNullOrWhiteSpace(configuration[role]))
            yield return new ConfigurationError(ConfigurationErrorCodes.Missing, role, $"{role} is not set: set it to {string.Join(", ", SignInLinkOptions.Roles)}.");
        if (link.Token is not null && !UrlSafeToken().IsMatch(link.Token))
            yield return InvalidToken(token);
        if (link.Token is not null && earlier.Any(other => other.Token == link.Token))
            yield return new ConfigurationError(ConfigurationErrorCodes.Duplicate, token, $"{token} is also the token of another link: use different tokens, or omit it.");
    }

    private static IEnumerable<ConfigurationError> CheckProviders(IdentityOptions options)
    {
        const string Authority = "Identity:OpenIdConnect:Authority", ClientId = "Identity:OpenIdConnect:ClientId";
        if (options.OidcAuthority is { } authority && !(Uri.TryCreate(authority, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))))
            yield return new ConfigurationError(ConfigurationErrorCodes.InvalidUrl, Authority, $"{Authority} must be an https address: without TLS, anyone on the way could sign in as anyone. (http is accepted on this machine only.)");
        if ((options.OidcAuthority is null) != (options.OidcClientId is null))
        {
            yield return new ConfigurationError(
                ConfigurationErrorCodes.DependencyMissing, options.OidcAuthority is null ? ClientId : Authority, $"{Authority} and {ClientId} belong together: set both, or neither.");
        }

        if (options.HasProviders && options is { Roles.Count: 0, ClusterRoles: false })
        {
            yield return new ConfigurationError(
                ConfigurationErrorCodes.DependencyMissing, "Identity:Roles",
                "People or programs can sign in without a link, but none would have a role: set Identity:Roles:0:Group and Identity:Roles:0:Role, or Identity:ClusterRoles to true.");
        }
    }

    private IEnumerable<ConfigurationError> CheckRoles(IdentityOptions options)
    {
        foreach (var rule in options.Roles)
        {
            if ((rule.User is null) == (rule.Group is null))
                yield return new ConfigurationError(ConfigurationErrorCodes.Missing, rule.Path!, $"{rule.Path} must have either User or Group: one of them names who has the role.");
            if (string.IsNullOrWhiteSpace(configuration[$"{rule.Path}:Role"]))
                yield return new ConfigurationError(ConfigurationErrorCodes.Missing, $"{rule.Path}:Role", $"{rule.Path}:Role is not set: set it to {string.Join(", ", SignInLinkOptions.Roles)}.");
        }
    }

    private static ConfigurationError InvalidToken(string key) => new(
        ConfigurationErrorCodes.InvalidToken, key, $"{key} must be 16 to 256 letters, digits, '-', '_', '.' or '~' (it is part of a link).");

    [GeneratedRegex(@"\A[A-Za-z0-9._~-]{16,256}\z")]
    private static partial Regex UrlSafeToken();
}

/// <summary>Names that the audit log shows: one with invisible characters could be mistaken for another.</summary>
internal static class VisibleText
{
    public static bool IsVisible(string text) => text.EnumerateRunes().All(IsVisible);

    private static bool IsVisible(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator);
}
