using ConntrackConsole.Configuration;

namespace ConntrackConsole.Identity;

/// <summary>The sign-in links of this run of the console: who may sign in, and with which role.</summary>
internal sealed class SignInLinks
{
    internal SignInLinks(IdentityOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        All = [.. options.Links.Select(link => new SignInLink(link.Name, Rights.Parse(link.Role!), link.Token))];
    }

    public IReadOnlyList<SignInLink> All { get; }

    public SignInLink? WithToken(string? token)
    {
        SignInLink? found = null;
        // Always compares all of them, so that the time taken does not reveal the position in the list.
        foreach (var link in All)
        {
            if (link.Has(token))
                found = link;
        }

        return found;
    }

    /// <summary>The current role of a person, or null if the configuration no longer has a link for them.</summary>
    public Role? RoleOf(string name) => All.FirstOrDefault(link => PersonName.AreSame(link.Name, name))?.Role;
}
