using ConntrackConsole.Configuration;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Identity;

/// <summary>How someone has proved who they are.</summary>
internal enum SignInSource
{
    /// <summary>A one-time link of the configuration.</summary>
    Link,
    /// <summary>An OpenID Connect provider.</summary>
    OpenIdConnect,
    /// <summary>A token that the cluster's API server accepts.</summary>
    Kubernetes,
}

/// <summary>A person or program as the provider names it.</summary>
/// <param name="Name">As the audit log shows it.</param>
/// <param name="Groups">Of the provider, for the role; empty for links.</param>
internal sealed record Person(string Name, SignInSource Source, IReadOnlyList<string> Groups)
{
    // Longer than an e-mail address and a service account's name.
    private const int MaxNameLength = 320;
    private const int MaxGroups = 1_000;

    // The console itself writes audit rows under this name.
    private const string ProgramName = "conntrack-console";

    /// <summary>Why the provider's name cannot be that of a person here, or null.</summary>
    public Reason? Fault() =>
        Name.Trim().Length is 0 or > MaxNameLength || Name != Name.Trim() || !VisibleText.IsVisible(Name)
            ? new Reason(IdentityErrorCodes.NameInvalid, $"The provider's name for you is empty, longer than {MaxNameLength} characters or has invisible ones: the audit log could not show it.")
        : Name.StartsWith(ProgramName, StringComparison.OrdinalIgnoreCase)
            ? new Reason(IdentityErrorCodes.NameInvalid, $"The provider's name for you begins with {ProgramName}, which the console itself uses in the audit log.")
        : Groups.Count > MaxGroups
            ? new Reason(IdentityErrorCodes.NameInvalid, $"The provider reports more than {MaxGroups} groups of yours: let it report only those of this console.")
        : null;
}
