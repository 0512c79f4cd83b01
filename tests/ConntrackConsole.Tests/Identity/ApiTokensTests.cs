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

public sealed class ApiTokensTests : IAsyncLifetime
{
    private static readonly Principal Eve = new("eve", Role.Admin, "s-eve", "10.0.0.1");

    private readonly TestDatabase _database = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));
    private AuditLog _audit = null!;
    private ApiTokens _tokens = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await Database.OpenAsync(_database, Ct);
        _audit = new AuditLog(_database, _clock);
        _tokens = new ApiTokens(_database, _audit, _clock);
    }

    public ValueTask DisposeAsync()
    {
        _database.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Create_ByAnAdmin_IsAuditedAndStoredAsAHashOnly()
    {
        var (token, secret, refusal) = await _tokens.CreateAsync(Eve, " deploy ", Role.Operator, 30, Ct);

        Assert.Null(refusal);
        Assert.Matches(@"\Acct_[A-Za-z0-9_-]{43}\z", secret);
        Assert.True(ApiTokens.HasForm(secret!));
        Assert.Equal(("deploy", Role.Operator, "eve"), (token!.Name, token.Role, token.CreatedBy));
        Assert.Equal(30 * 86_400_000L, token.UntilMs - token.CreatedMs);
        await using var db = _database.CreateDbContext();
        var row = Assert.Single(await db.ApiTokens.ToListAsync(Ct));
        Assert.DoesNotContain(secret![4..], $"{row.Hash} {row.Id} {row.Name}", StringComparison.Ordinal);
        var audit = Assert.Single(await _audit.ReadAsync(new AuditFilter(), Ct));
        Assert.Equal(("token.created", "eve", "deploy", "s-eve"), (audit.What, audit.Who, audit.Target, audit.Session));
        Assert.DoesNotContain(secret[4..], $"{audit}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_OfAValidToken_IsTheProgram_AndItsUseIsRecordedByTheMinute()
    {
        var (token, secret, _) = await _tokens.CreateAsync(Eve, "deploy", Role.Operator, 30, Ct);

        Assert.Equal((token!.Id, null), await _tokens.SignInAsync(secret!, Ct));
        var principal = (await _tokens.CheckAsync(token.Id, "10.0.0.9", Ct)).Principal;
        Assert.Equal(new Principal("deploy", Role.Operator, $"token-{token.Id}", "10.0.0.9"), principal);
        long first = (await _tokens.ListAsync(Ct))[0].LastUsedMs!.Value;
        _clock.Advance(TimeSpan.FromSeconds(59));
        await _tokens.SignInAsync(secret!, Ct);
        Assert.Equal(first, (await _tokens.ListAsync(Ct))[0].LastUsedMs);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await _tokens.SignInAsync(secret!, Ct);
        Assert.Equal(first + 60_000, (await _tokens.ListAsync(Ct))[0].LastUsedMs);
    }

    [Fact]
    public async Task Revoked_EndsAtOnce_AlsoForARequestThatHasBegun()
    {
        var (token, secret, _) = await _tokens.CreateAsync(Eve, "deploy", Role.Operator, 30, Ct);
        Assert.Null(await _tokens.RevokeAsync(Eve, token!.Id, Ct));

        Assert.Equal(IdentityErrorCodes.TokenEnded, (await _tokens.SignInAsync(secret!, Ct)).Refusal?.Code);
        Assert.Equal(IdentityErrorCodes.TokenEnded, (await _tokens.CheckAsync(token.Id, null, Ct)).Refusal?.Code);
        Assert.Equal(IdentityErrorCodes.TokenEnded, (await _tokens.RevokeAsync(Eve, token.Id, Ct))?.Code);
        Assert.Equal(IdentityErrorCodes.TokenUnknown, (await _tokens.RevokeAsync(Eve, "other", Ct))?.Code);
        Assert.Equal(["token.created", "token.revoked"], (await _audit.ReadAsync(new AuditFilter(), Ct)).Select(row => row.What).Order());
        // Its name is free again.
        Assert.NotNull((await _tokens.CreateAsync(Eve, "Deploy", Role.Viewer, 1, Ct)).Token);
    }

    [Fact]
    public async Task Expired_IsRefused()
    {
        var (token, secret, _) = await _tokens.CreateAsync(Eve, "deploy", Role.Viewer, 1, Ct);
        _clock.Advance(TimeSpan.FromDays(1) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(token!.Id, (await _tokens.SignInAsync(secret!, Ct)).Id);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(IdentityErrorCodes.TokenEnded, (await _tokens.SignInAsync(secret!, Ct)).Refusal?.Code);
        Assert.Equal(IdentityErrorCodes.TokenEnded, (await _tokens.CheckAsync(token.Id, null, Ct)).Refusal?.Code);
    }

    [Theory]
    [InlineData("cct_")]
    [InlineData("cct_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task SignIn_AnotherSecret_IsUnknown(string secret)
    {
        await _tokens.CreateAsync(Eve, "deploy", Role.Viewer, 1, Ct);
        Assert.Equal(IdentityErrorCodes.TokenUnknown, (await _tokens.SignInAsync(secret, Ct)).Refusal?.Code);
    }

    [Theory]
    [InlineData("", Role.Viewer, 1)]
    [InlineData("de\u200bploy", Role.Viewer, 1)]
    [InlineData("deploy", Role.Approver, 1)]
    [InlineData("deploy", Role.Admin, 1)]
    [InlineData("deploy", Role.BreakGlass, 1)]
    [InlineData("deploy", Role.Viewer, 0)]
    [InlineData("deploy", Role.Viewer, 367)]
    [InlineData("TAKEN", Role.Viewer, 1)]
    [InlineData("conntrack-console", Role.Viewer, 1)]
    public async Task Create_NotValid_IsRefused(string name, Role role, int days)
    {
        await _tokens.CreateAsync(Eve, "taken", Role.Viewer, 1, Ct);
        Assert.Equal(IdentityErrorCodes.TokenInvalid, (await _tokens.CreateAsync(Eve, name, role, days, Ct)).Refusal?.Code);
        Assert.Single(await _tokens.ListAsync(Ct));
    }

    /// <summary>Only people who are admins, and no program, whatever its role.</summary>
    [Theory]
    [InlineData(Role.Viewer, "s")]
    [InlineData(Role.Operator, "s")]
    [InlineData(Role.Approver, "s")]
    [InlineData(Role.BreakGlass, "s")]
    [InlineData(Role.Admin, "token-1")]
    [InlineData(Role.Admin, "kubernetes-1")]
    public async Task Create_ByAnotherRole_IsForbidden(Role role, string session)
    {
        var (token, _, _) = await _tokens.CreateAsync(Eve, "deploy", Role.Viewer, 1, Ct);
        var other = new Principal("ben", role, session, null);
        Assert.Equal(IdentityErrorCodes.Forbidden, (await _tokens.CreateAsync(other, "mine", Role.Viewer, 1, Ct)).Refusal?.Code);
        Assert.Equal(IdentityErrorCodes.Forbidden, (await _tokens.RevokeAsync(other, token!.Id, Ct))?.Code);
        Assert.Null(Assert.Single(await _tokens.ListAsync(Ct)).EndedMs);
    }

    /// <summary>Without an audit row nothing is created.</summary>
    [Fact]
    public async Task Create_AuditLogCannotBeWritten_GivesNoToken()
    {
        await _database.ExecuteAsync("CREATE TRIGGER full BEFORE INSERT ON Audit BEGIN SELECT RAISE(ABORT, 'disk full'); END");
        await Assert.ThrowsAsync<DbUpdateException>(() => _tokens.CreateAsync(Eve, "deploy", Role.Viewer, 1, Ct));
        Assert.Empty(await _tokens.ListAsync(Ct));
    }

    /// <summary>What a session of a token may do is looked up at the act, by the same check as that of people.</summary>
    [Fact]
    public async Task Sessions_CheckTheToken_EachTime()
    {
        var sessions = TestSessions.Of(_database, _audit, _clock, new SignInLinks(new IdentityOptions()));
        var (token, _, _) = await _tokens.CreateAsync(Eve, "deploy", Role.Operator, 30, Ct);
        var user = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, "program"), new Claim(Sessions.SessionClaim, $"token-{token!.Id}")], "Bearer"));
        Assert.Equal("deploy", (await sessions.PrincipalAsync(user, Ct))?.Name);
        await _tokens.RevokeAsync(Eve, token.Id, Ct);
        Assert.Equal(IdentityErrorCodes.TokenEnded, (await sessions.CheckAsync(user, Ct)).Refusal?.Code);
    }
}
