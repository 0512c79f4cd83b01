using ConntrackConsole.Audit;
using ConntrackConsole.Configuration;
using ConntrackConsole.Identity;
using ConntrackConsole.Kubernetes.Access;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Tests.Storage;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Tests.Identity;

/// <summary>Sessions as a console with these options has them.</summary>
internal static class TestSessions
{
    public static Sessions Of(TestDatabase database, AuditLog audit, TimeProvider clock, SignInLinks links, IdentityOptions? options = null, AccessReviews? reviews = null) => new(
        database, links, new RoleRules(Options.Create(options ?? new IdentityOptions()), reviews ?? WithoutCluster(clock)), new ApiTokens(database, audit, clock), audit, clock);

    public static AccessReviews WithoutCluster(TimeProvider clock) => new(ClusterAccess.Find(new KubernetesOptions { Enabled = false }), clock);
}
