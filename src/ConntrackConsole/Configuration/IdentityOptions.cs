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

    /// <summary>At least one once bound.</summary>
    public List<SignInLinkOptions> Links { get; set; } = [];

    public void Derive()
    {
        if (Links.Count == 0)
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
        if (options.SignInToken is not null && options.Links[0].Path is { } first)
        {
            yield return new ConfigurationError(
                ConfigurationErrorCodes.Conflict, ConfigurationKeys.SignInToken,
                $"{ConfigurationKeys.SignInToken} is the token of the one link that exists without {ConfigurationKeys.Links}: move it to {first}:Token, or omit it.");
        }

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
        else if (link.Name.Length > MaxNameLength || !link.Name.EnumerateRunes().All(IsVisible))
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

    private static ConfigurationError InvalidToken(string key) => new(
        ConfigurationErrorCodes.InvalidToken, key, $"{key} must be 16 to 256 letters, digits, '-', '_', '.' or '~' (it is part of a link).");

    // A name with invisible characters could be mistaken for another one.
    private static bool IsVisible(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator);

    [GeneratedRegex(@"\A[A-Za-z0-9._~-]{16,256}\z")]
    private static partial Regex UrlSafeToken();
}
