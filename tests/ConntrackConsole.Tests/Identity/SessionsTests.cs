using System.Security.Claims;
using ConntrackConsole.Audit;
using ConntrackConsole.Configuration;
using ConntrackConsole.Identity;
using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Storage;
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
    public async Task Begin_ALink_IsWrittenDownAndHolds()
    {
        var sessions = Started("olivia=operator", out var links);
        var caller = await sessions.BeginAsync(links.All[0], "10.0.0.9", Ct);
        Assert.Equal(caller, await sessions.CallerAsync(Cookie(caller), Ct));
        Assert.Equal(("olivia", Role.Operator, "10.0.0.9"), (caller.Name, caller.Role, caller.Address));
        var row = Assert.Single(await RowsAsync());
        Assert.Equal(("signin", "olivia", "10.0.0.9", caller.Session, "operator"), (row.What, row.Who, row.From, row.Session, row.Roles));
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
    public async Task Check_TwelveHoursLater_IsOver()
    {
        var sessions = Started("olivia=operator", out var links);
        var caller = await sessions.BeginAsync(links.All[0], null, Ct);
        _clock.Advance(Sessions.Life - TimeSpan.FromMilliseconds(1));
        Assert.NotNull(await sessions.CallerAsync(Cookie(caller), Ct));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(new SessionCheck(null, "Your session is over: it lasts 12 hours."), await sessions.CheckAsync(Cookie(caller), Ct));
    }

    [Fact]
    public async Task Check_RoleChangedBetweenStarts_IsTheConfigurationsOfNow()
    {
        var caller = await Started("olivia=admin", out var links).BeginAsync(links.All[0], null, Ct);
        var now = await Started("olivia=viewer", out _).CallerAsync(Cookie(caller), Ct);
        Assert.Equal(caller with { Role = Role.Viewer }, now);
    }

    [Fact]
    public async Task Check_LinkTakenOutOfTheConfiguration_HasEnded()
    {
        var caller = await Started("olivia=admin", out var links).BeginAsync(links.All[0], null, Ct);
        var check = await Started("arthur=admin", out _).CheckAsync(Cookie(caller), Ct);
        Assert.Null(check.Principal);
        Assert.Contains("no link for olivia any more", check.Refusal);
    }

    [Fact]
    public async Task Check_CookieThatSaysAnotherName_IsWhoSignedIn()
    {
        var sessions = Started("olivia=viewer arthur=admin", out var links);
        var caller = await sessions.BeginAsync(links.All[0], null, Ct);
        Assert.Equal(caller, await sessions.CallerAsync(Cookie(caller with { Name = "arthur" }), Ct));
    }

    [Fact]
    public async Task Check_NobodyOrNoSessionOfOurs_HasNoCaller()
    {
        var sessions = Started("olivia=operator", out _);
        var stranger = new ClaimsPrincipal(new ClaimsIdentity([new Claim(Sessions.SessionClaim, "0"), new Claim(ClaimTypes.Name, "olivia")]));
        var old = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, "olivia")], "cookie"));
        foreach (var user in new[] { null, stranger, old })
            Assert.Equal("You are not signed in.", (await sessions.CheckAsync(user, Ct)).Refusal);
        Assert.Equal("This console does not know your session.", (await sessions.CheckAsync(Cookie(new Principal("olivia", Role.Operator, "0", null)), Ct)).Refusal);
    }

    [Fact]
    public async Task SignOut_OneOfTwoSessions_EndsThatOne()
    {
        var sessions = Started("olivia=operator", out var links);
        var first = await sessions.BeginAsync(links.All[0], null, Ct);
        var second = await sessions.BeginAsync(links.All[0], null, Ct);
        await sessions.SignOutAsync(first, Ct);
        Assert.Equal("Your session was ended.", (await sessions.CheckAsync(Cookie(first), Ct)).Refusal);
        Assert.NotNull(await sessions.CallerAsync(Cookie(second), Ct));
        var row = (await RowsAsync())[0];
        Assert.Equal(("signout", "olivia", first.Session), (row.What, row.Who, row.Session));
    }

    [Fact]
    public async Task EndOther_ByAnAdmin_EndsItAndIsWrittenDown()
    {
        var sessions = Started("olivia=operator root=admin", out var links);
        var olivia = await sessions.BeginAsync(links.All[0], null, Ct);
        var admin = await sessions.BeginAsync(links.All[1], null, Ct);
        Assert.Null(await sessions.EndOtherAsync(admin, olivia.Session, "left the company", Ct));
        Assert.Null(await sessions.CallerAsync(Cookie(olivia), Ct));
        Assert.NotNull(await sessions.CallerAsync(Cookie(admin), Ct));
        var row = (await RowsAsync())[0];
        Assert.Equal(
            ("session.ended", "root", "olivia", "left the company", $"session {olivia.Session}", admin.Session, "admin"),
            (row.What, row.Who, row.Target, row.Why, row.Before, row.Session, row.Roles));
        Assert.Contains("has ended already", await sessions.EndOtherAsync(admin, olivia.Session, "again", Ct));
        Assert.Equal(3, (await RowsAsync()).Count);
    }

    [Theory]
    [InlineData("viewer", true, "why", "only an admin")]
    [InlineData("operator", true, "why", "only an admin")]
    [InlineData("approver", true, "why", "only an admin")]
    [InlineData("break-glass", true, "why", "only an admin")]
    [InlineData("admin", true, " ", "reason is missing")]
    [InlineData("admin", false, "why", "no session")]
    public async Task EndOther_NotAllowedOrNotThere_EndsNothing(string role, bool there, string reason, string sentence)
    {
        var sessions = Started($"olivia=operator eve={role}", out var links);
        var olivia = await sessions.BeginAsync(links.All[0], null, Ct);
        var eve = await sessions.BeginAsync(links.All[1], null, Ct);
        Assert.Contains(sentence, await sessions.EndOtherAsync(eve, there ? olivia.Session : "0", reason, Ct));
        Assert.NotNull(await sessions.CallerAsync(Cookie(olivia), Ct));
        Assert.Equal(2, (await RowsAsync()).Count);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A start of the console with links such as "olivia=operator arthur=approver".</summary>
    private Sessions Started(string configured, out SignInLinks links)
    {
        links = new SignInLinks(new IdentityOptions { Links = [.. configured.Split(' ').Select(link => link.Split('=')).Select(link => new SignInLinkOptions { Name = link[0], Role = link[1] })] });
        return new Sessions(_database, links, _audit, _clock);
    }

    private static ClaimsPrincipal Cookie(Principal caller) =>
        new(new ClaimsIdentity([new Claim(ClaimTypes.Name, caller.Name), new Claim(Sessions.SessionClaim, caller.Session)], "cookie"));

    private Task<IReadOnlyList<AuditEntry>> RowsAsync() => _audit.ReadAsync(new AuditFilter(), Ct);
}
