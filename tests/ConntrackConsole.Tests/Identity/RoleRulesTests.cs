using ConntrackConsole.Audit;
using ConntrackConsole.Configuration;
using ConntrackConsole.Identity;
using ConntrackConsole.Kubernetes.Access;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Kubernetes.Access;
using ConntrackConsole.Tests.Storage;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Identity;

/// <summary>The role of those who have no link: by the configuration, by the cluster, or none.</summary>
public sealed class RoleRulesTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));
    private readonly TestDatabase _database = new();
    private ReviewServer _server = null!;
    private AccessReviews _reviews = null!;
    private AuditLog _audit = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await Database.OpenAsync(_database, Ct);
        _audit = new AuditLog(_database, _clock);
        _server = await ReviewServer.StartAsync();
        _reviews = new AccessReviews(ClusterAccess.Find(new KubernetesOptions { Kubeconfig = _server.Kubeconfig }), _clock);
    }

    public async ValueTask DisposeAsync()
    {
        _reviews.Dispose();
        _database.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("olivia@example.com", "", Role.Admin)]
    [InlineData("Olivia@Example.com", "oncall", Role.Admin)]
    [InlineData("ben@example.com", "oncall", Role.Operator)]
    [InlineData("ben@example.com", "staff oncall", Role.Operator)]
    [InlineData("ben@example.com", "staff", Role.Viewer)]
    [InlineData("ben@example.com", "Staff", null)]
    [InlineData("ben@example.com", "", null)]
    // A person is not a group, and a group not a person.
    [InlineData("oncall", "", null)]
    [InlineData("ben@example.com", "olivia@example.com", null)]
    public async Task Configuration_TheFirstEntryThatNamesThem_GivesTheRole(string name, string groups, Role? expected)
    {
        var rules = Rules(("olivia@example.com", null, "admin"), (null, "oncall", "operator"), (null, "staff", "viewer"));
        Assert.Equal(expected, await rules.OfAsync(Of(name, groups), Ct));
        Assert.Equal(0, _server.Asked);
    }

    [Theory]
    [InlineData("olivia delete sessions", Role.Admin)]
    [InlineData("olivia create approvals", Role.Approver)]
    [InlineData("olivia create breakglasses", Role.BreakGlass)]
    [InlineData("olivia create flushes", Role.Operator)]
    [InlineData("olivia get views", Role.Viewer)]
    [InlineData("ben get views", null)]
    [InlineData("olivia list views", null)]
    public async Task Cluster_WhatItAllows_IsTheRole(string right, Role? expected)
    {
        _server.Rights.Add(right);
        var rules = new RoleRules(Microsoft.Extensions.Options.Options.Create(new IdentityOptions { ClusterRoles = true }), _reviews);
        Assert.Equal(expected, await rules.OfAsync(Of("olivia"), Ct));
    }

    [Fact]
    public async Task Cluster_IsAskedOnlyIfConfigured_AndAfterTheEntries()
    {
        _server.Rights.Add("olivia delete sessions");
        Assert.Null(await new RoleRules(Microsoft.Extensions.Options.Options.Create(new IdentityOptions()), _reviews).OfAsync(Of("olivia"), Ct));
        var options = new IdentityOptions { ClusterRoles = true, Roles = [new RoleRuleOptions { User = "olivia", Role = "viewer" }] };
        Assert.Equal(Role.Viewer, await new RoleRules(Microsoft.Extensions.Options.Options.Create(options), _reviews).OfAsync(Of("olivia"), Ct));
        Assert.Equal(0, _server.Asked);
    }

    /// <summary>A cluster that does not answer is no permission, but ends no session either.</summary>
    [Fact]
    public async Task Cluster_ThatDoesNotAnswer_Denies_AndTheSessionGoesOnAfterwards()
    {
        _server.Rights.Add("olivia create flushes");
        var links = new SignInLinks(new IdentityOptions());
        var sessions = TestSessions.Of(_database, _audit, _clock, links, new IdentityOptions { ClusterRoles = true }, _reviews);
        var principal = (await sessions.BeginAsync(Of("olivia"), "10.0.0.9", "Token of the cluster", TimeSpan.FromHours(1), Ct)).Principal!;
        _clock.Advance(AccessReviews.Reused);

        _server.Fails = 500;
        var unknown = await sessions.CheckAsync(SignIn.CookieOf(principal), Ct);
        Assert.Equal((null, IdentityErrorCodes.RightsUnknown, true), (unknown.Principal, unknown.Refusal?.Code, unknown.IsUnknown));
        Assert.Equal(IdentityErrorCodes.RightsUnknown, (await sessions.BeginAsync(Of("olivia"), null, "", Sessions.Ttl, Ct)).Refusal?.Code);

        _server.Fails = null;
        Assert.Equal(Role.Operator, (await sessions.PrincipalAsync(SignIn.CookieOf(principal), Ct))?.Role);
        _server.Rights.Clear();
        _clock.Advance(AccessReviews.Reused);
        Assert.Equal(IdentityErrorCodes.NoRole, (await sessions.CheckAsync(SignIn.CookieOf(principal), Ct)).Refusal?.Code);
    }

    /// <summary>The role is that of now, not that of the sign-in.</summary>
    [Fact]
    public async Task Session_GroupsOfTheSignIn_GiveTheRoleOfThisConfiguration()
    {
        var links = new SignInLinks(new IdentityOptions());
        var before = TestSessions.Of(_database, _audit, _clock, links, Options(("oncall", "operator")));
        var principal = (await before.BeginAsync(Of("olivia", "oncall"), "10.0.0.9", "OpenID Connect", TimeSpan.FromHours(1), Ct)).Principal!;
        Assert.Equal(Role.Operator, principal.Role);

        var after = TestSessions.Of(_database, _audit, _clock, links, Options(("oncall", "viewer")));
        Assert.Equal(Role.Viewer, (await after.PrincipalAsync(SignIn.CookieOf(principal), Ct))?.Role);
        var none = TestSessions.Of(_database, _audit, _clock, links, Options(("others", "admin")));
        Assert.Equal(IdentityErrorCodes.NoRole, (await none.CheckAsync(SignIn.CookieOf(principal), Ct)).Refusal?.Code);
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(IdentityErrorCodes.SessionExpired, (await before.CheckAsync(SignIn.CookieOf(principal), Ct)).Refusal?.Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" olivia")]
    [InlineData("oli\u200bvia")]
    [InlineData("olivia\n")]
    [InlineData("conntrack-console")]
    [InlineData("Conntrack-Console, for olivia")]
    public async Task Name_ThatTheAuditLogCannotShow_IsRefused(string name)
    {
        var sessions = TestSessions.Of(_database, _audit, _clock, new SignInLinks(new IdentityOptions()), Options(("oncall", "admin")));
        Assert.Equal(IdentityErrorCodes.NameInvalid, (await sessions.BeginAsync(Of(name, "oncall"), null, "OpenID Connect", Sessions.Ttl, Ct)).Refusal?.Code);
        var row = Assert.Single(await _audit.ReadAsync(new AuditFilter(), Ct));
        Assert.Equal(("(name not valid)", "refused", IdentityErrorCodes.NameInvalid), (row.Who, row.Result, row.Code));
    }

    private RoleRules Rules(params (string? User, string? Group, string Role)[] entries) => new(
        Microsoft.Extensions.Options.Options.Create(new IdentityOptions { Roles = [.. entries.Select(entry => new RoleRuleOptions { User = entry.User, Group = entry.Group, Role = entry.Role })] }), _reviews);

    private static IdentityOptions Options((string Group, string Role) entry) => new() { Roles = [new RoleRuleOptions { Group = entry.Group, Role = entry.Role }] };

    private static Person Of(string name, string groups = "") => new(name, SignInSource.Kubernetes, groups.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
