using ConntrackConsole.Configuration;
using ConntrackConsole.Kubernetes.Access;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Identity;

/// <summary>
/// The role of people and programs that did not use a link, at this moment: that of the first entry of <c>Identity:Roles</c> that names them or
/// one of their groups; else, with <c>Identity:ClusterRoles</c>, what the cluster allows them on the resources of conntrackconsole.io, which need
/// not exist there.
/// </summary>
internal sealed class RoleRules(IOptions<IdentityOptions> options, AccessReviews reviews)
{
    /// <summary>API group of the rights that a ClusterRole grants.</summary>
    public const string Group = "conntrackconsole.io";

    /// <summary>What an account must be allowed for each role; the first that is allowed counts.</summary>
    public static readonly IReadOnlyList<(Role Role, string Verb, string Resource)> Rights =
    [
        (Role.Admin, "delete", "sessions"),
        (Role.Approver, "create", "approvals"),
        (Role.BreakGlass, "create", "breakglasses"),
        (Role.Operator, "create", "flushes"),
        (Role.Viewer, "get", "views"),
    ];

    private readonly IdentityOptions _options = options.Value;

    /// <returns>Null: none, so that the person may not even look.</returns>
    /// <exception cref="ReviewUnavailableException">The cluster did not answer: the role is not known.</exception>
    public async Task<Role?> OfAsync(Person person, CancellationToken ct)
    {
        foreach (var rule in _options.Roles)
        {
            if (rule.User is { } user ? PersonName.AreSame(user, person.Name) : person.Groups.Contains(rule.Group, StringComparer.Ordinal))
                return Identity.Rights.Parse(rule.Role!);
        }

        if (!_options.ClusterRoles)
            return null;
        foreach (var (role, verb, resource) in Rights)
        {
            if (await reviews.MayAsync(person.Name, person.Groups, verb, Group, resource, null, ct))
                return role;
        }

        return null;
    }
}
