using System.Security.Claims;
using ConntrackConsole.Audit;
using ConntrackConsole.Configuration;
using ConntrackConsole.Identity;
using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Storage;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Identity;

public sealed class SessionsTests : IAsyncLifetime
{
    private readonly TestDatabase _database = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));
    private AuditLog _audit = null!;

    public async ValueTask InitializeAsync()
    {
        await Database.OpenAsync(_database, TestContext.Current.CancellationToken);
        _audit = new AuditLog(_database, _clock);
    }

    public ValueTask DisposeAsync()
    {
        _database.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Begin_ALink_IsAuditedAndValid()
    {
        var sessions = Started("olivia=operator", out var links);
        var principal = await sessions.BeginAsync(links.All[0], "10.0.0.9", Ct);
        Assert.Equal(principal, await sessions.PrincipalAsync(Cookie(principal), Ct));
        Assert.Equal(("olivia", Role.Operator, "10.0.0.9"), (principal.Name, principal.Role, principal.Address));
        var row = Assert.Single(await RowsAsync());
        Assert.Equal(("signin", "olivia", "10.0.0.9", principal.Session, "operator"), (row.What, row.Who, row.From, row.Session, row.Roles));
    }

    [Fact]
    public async Task Begin_AuditLogCannotBeWritten_GivesNoSession()
    {
        var sessions = Started("olivia=operator", out var links);
        await _database.ExecuteAsync("CREATE TRIGGER full BEFORE INSERT ON Audit BEGIN SELECT RAISE(ABORT, 'disk full'); END");
        await Assert.ThrowsAsync<DbUpdateException>(() => sessions.BeginAsync(links.All[0], null, Ct));
        await using var db = _database.CreateDbContext();
        Assert.Empty(await db.Sessions.ToListAsync(Ct));
    }

    [Fact]
    public async Task Check_TwelveHoursLater_HasExpired()
    {
        var sessions = Started("olivia=operator", out var links);
        var principal = await sessions.BeginAsync(links.All[0], null, Ct);
        _clock.Advance(Sessions.Ttl - TimeSpan.FromMilliseconds(1));
        Assert.NotNull(await sessions.PrincipalAsync(Cookie(principal), Ct));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        var check = await sessions.CheckAsync(Cookie(principal), Ct);
        Assert.Null(check.Principal);
        Assert.Equal(new Reason(IdentityErrorCodes.SessionExpired, "Your session has expired: sessions last 12 hours."), check.Refusal);
    }

    [Fact]
    public async Task Check_RoleChangedBetweenStarts_IsTheCurrentOne()
    {
        var principal = await Started("olivia=admin", out var links).BeginAsync(links.All[0], null, Ct);
        var now = await Started("olivia=viewer", out _).PrincipalAsync(Cookie(principal), Ct);
        Assert.Equal(principal with { Role = Role.Viewer }, now);
    }

    [Fact]
    public async Task Check_LinkRemovedFromTheConfiguration_HasEnded()
    {
        var principal = await Started("olivia=admin", out var links).BeginAsync(links.All[0], null, Ct);
        var check = await Started("arthur=admin", out _).CheckAsync(Cookie(principal), Ct);
        Assert.Null(check.Principal);
        Assert.Equal(IdentityErrorCodes.LinkRemoved, check.Refusal!.Code);
        Assert.Contains("no longer has a link for olivia", check.Refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_CookieWithAnotherName_IsWhoSignedIn()
    {
        var sessions = Started("olivia=viewer arthur=admin", out var links);
        var principal = await sessions.BeginAsync(links.All[0], null, Ct);
        Assert.Equal(principal, await sessions.PrincipalAsync(Cookie(principal with { Name = "arthur" }), Ct));
    }

    [Fact]
    public async Task Check_NoOrUnknownSession_HasNoPrincipal()
    {
        var sessions = Started("olivia=operator", out _);
        var stranger = new ClaimsPrincipal(new ClaimsIdentity([new Claim(Sessions.SessionClaim, "0"), new Claim(ClaimTypes.Name, "olivia")]));
        var old = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, "olivia")], "cookie"));
        foreach (var user in new[] { null, stranger, old })
            Assert.Equal(IdentityErrorCodes.SignInRequired, (await sessions.CheckAsync(user, Ct)).Refusal!.Code);
        var unknown = await sessions.CheckAsync(Cookie(new Principal("olivia", Role.Operator, "0", null)), Ct);
        Assert.Equal(IdentityErrorCodes.SessionUnknown, unknown.Refusal!.Code);
    }

    [Fact]
    public async Task SignOut_OneOfTwoSessions_EndsThatOne()
    {
        var sessions = Started("olivia=operator", out var links);
        var first = await sessions.BeginAsync(links.All[0], null, Ct);
        var second = await sessions.BeginAsync(links.All[0], null, Ct);
        await sessions.SignOutAsync(first, Ct);
        Assert.Equal(IdentityErrorCodes.SessionEnded, (await sessions.CheckAsync(Cookie(first), Ct)).Refusal!.Code);
        Assert.NotNull(await sessions.PrincipalAsync(Cookie(second), Ct));
        var row = (await RowsAsync())[0];
        Assert.Equal(("signout", "olivia", first.Session), (row.What, row.Who, row.Session));
    }

    [Fact]
    public async Task EndOther_ByAnAdmin_EndsItAndIsAudited()
    {
        var sessions = Started("olivia=operator root=admin", out var links);
        var olivia = await sessions.BeginAsync(links.All[0], null, Ct);
        var admin = await sessions.BeginAsync(links.All[1], null, Ct);
        Assert.Null(await sessions.EndOtherAsync(admin, olivia.Session, "left the company", Ct));
        Assert.Null(await sessions.PrincipalAsync(Cookie(olivia), Ct));
        Assert.NotNull(await sessions.PrincipalAsync(Cookie(admin), Ct));
        var row = (await RowsAsync())[0];
        Assert.Equal(
            ("session.ended", "root", "olivia", "left the company", $"session {olivia.Session}", admin.Session, "admin"),
            (row.What, row.Who, row.Target, row.Why, row.Before, row.Session, row.Roles));
        Assert.Equal(IdentityErrorCodes.SessionEnded, (await sessions.EndOtherAsync(admin, olivia.Session, "again", Ct))?.Code);
        Assert.Equal(3, (await RowsAsync()).Count);
    }

    [Theory]
    [InlineData("viewer", true, "why", IdentityErrorCodes.Forbidden)]
    [InlineData("operator", true, "why", IdentityErrorCodes.Forbidden)]
    [InlineData("approver", true, "why", IdentityErrorCodes.Forbidden)]
    [InlineData("break-glass", true, "why", IdentityErrorCodes.Forbidden)]
    [InlineData("admin", true, " ", IdentityErrorCodes.ReasonRequired)]
    [InlineData("admin", false, "why", IdentityErrorCodes.SessionUnknown)]
    public async Task EndOther_NotAllowedOrUnknown_EndsNothing(string role, bool there, string reason, string code)
    {
        var sessions = Started($"olivia=operator eve={role}", out var links);
        var olivia = await sessions.BeginAsync(links.All[0], null, Ct);
        var eve = await sessions.BeginAsync(links.All[1], null, Ct);
        Assert.Equal(code, (await sessions.EndOtherAsync(eve, there ? olivia.Session : "0", reason, Ct))?.Code);
        Assert.NotNull(await sessions.PrincipalAsync(Cookie(olivia), Ct));
        Assert.Equal(2, (await RowsAsync()).Count);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A run of the console with links such as "olivia=operator arthur=approver".</summary>
    private Sessions Started(string configured, out SignInLinks links)
    {
        links = new SignInLinks(new IdentityOptions { Links = [.. configured.Split(' ').Select(link => link.Split('=')).Select(link => new SignInLinkOptions { Name = link[0], Role = link[1] })] });
        return TestSessions.Of(_database, _audit, _clock, links);
    }

    private static ClaimsPrincipal Cookie(Principal principal) =>
        new(new ClaimsIdentity([new Claim(ClaimTypes.Name, principal.Name), new Claim(Sessions.SessionClaim, principal.Session)], "cookie"));

    private Task<IReadOnlyList<AuditEntry>> RowsAsync() => _audit.ReadAsync(new AuditFilter(), Ct);
}
