
using ConntrackConsole.Configuration;

namespace ConntrackConsole.Identity;

/// <summary>The links of this start of the console: who may sign in, and what each is to it now.</summary>
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
        // All of them, always: where it stands in the list must not show in the time taken.
        foreach (var link in All)
        {
            if (link.Has(token))
                found = link;
        }

        return found;
    }

    /// <summary>What somebody is now, or null where the configuration no longer names them.</summary>
    public Role? RoleOf(string name) => All.FirstOrDefault(link => PersonName.AreSame(link.Name, name))?.Role;
}
