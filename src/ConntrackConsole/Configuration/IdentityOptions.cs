using System.ComponentModel.DataAnnotations;
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
