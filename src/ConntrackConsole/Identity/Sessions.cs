using System.Security.Claims;
using System.Security.Cryptography;
using ConntrackConsole.Audit;
using ConntrackConsole.Storage;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Identity;

/// <summary>The user of a cookie at this moment, or why there is no valid session.</summary>
internal sealed record SessionCheck(Principal? Principal, Reason? Refusal);

/// <summary>
/// Sessions of signed-in users. A cookie only names a session: its validity is checked here each time, and the role is taken from the
/// current configuration.
/// </summary>
internal sealed class Sessions(IDbContextFactory<ConsoleDb> databases, SignInLinks links, AuditLog audit, TimeProvider time)
{
    /// <summary>Absolute lifetime of a session; afterwards a new link is required.</summary>
    public static readonly TimeSpan Ttl = TimeSpan.FromHours(12);

    /// <summary>Claim with the session id; the cookie contains only this and the name of the person.</summary>
    public const string SessionClaim = ClaimTypes.NameIdentifier;

    /// <summary>Raised when a session is ended; not when it expires.</summary>
    public event Action<string>? Ended;

    /// <summary>Writes the sign-in to the audit log, then starts the session.</summary>
    public async Task<Principal> BeginAsync(SignInLink link, string? address, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(link);
        var principal = new Principal(link.Name, link.Role, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), address);
        await audit.AppendAsync(Note(principal, "signin", null, link.Origin, "ok"), ct);
        await using var db = await databases.CreateDbContextAsync(ct);
        db.Sessions.Add(new SessionRow { Id = principal.Session, Who = principal.Name, From = address, SignedInMs = NowMs, UntilMs = NowMs + (long)Ttl.TotalMilliseconds });
        await db.SaveChangesAsync(ct);
        return principal;
    }

    /// <summary>The authoritative check; call it for every action, not once per page.</summary>
    public async Task<SessionCheck> CheckAsync(ClaimsPrincipal? user, CancellationToken ct)
    {
        if (user?.Identity?.IsAuthenticated != true || user.FindFirstValue(SessionClaim) is not { } id)
            return new SessionCheck(null, new Reason(IdentityErrorCodes.SignInRequired, "You are not signed in."));
        var row = await FindAsync(id, ct);
        var refusal = row is null ? new Reason(IdentityErrorCodes.SessionUnknown, "This console does not know your session.")
            : row.EndedMs is not null ? new Reason(IdentityErrorCodes.SessionEnded, "Your session was ended.")
            : NowMs >= row.UntilMs ? new Reason(IdentityErrorCodes.SessionExpired, $"Your session has expired: sessions last {Ttl.TotalHours} hours.")
            : links.RoleOf(row.Who) is null
                ? new Reason(IdentityErrorCodes.LinkRemoved, $"The configuration no longer has a link for {row.Who}, so this session has ended.")
            : null;
        return refusal is null
            ? new SessionCheck(new Principal(row!.Who, links.RoleOf(row.Who)!.Value, id, row.From), null)
            : new SessionCheck(null, refusal);
    }

    /// <summary>The user, or null; <see cref="CheckAsync"/> returns the reason.</summary>
    public async Task<Principal?> PrincipalAsync(ClaimsPrincipal? user, CancellationToken ct) => (await CheckAsync(user, ct)).Principal;

    /// <summary>Ends the user's own session.</summary>
    public async Task SignOutAsync(Principal principal, CancellationToken ct, string why = "Signed out")
    {
        ArgumentNullException.ThrowIfNull(principal);
        await audit.AppendAsync(Note(principal, "signout", null, why, "ok"), ct);
        await EndAsync(principal.Session, ct);
    }

    /// <summary>Ends the session of another user; it applies to the next action of that session and to its open pages.</summary>
    /// <param name="session">Session id, as in the audit rows of that user.</param>
    /// <returns>Why it was not ended, or null.</returns>
    public async Task<Reason?> EndOtherAsync(Principal admin, string session, string reason, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(admin);
        if (!admin.Role.MayAdminister())
            return new Reason(IdentityErrorCodes.Forbidden, $"{admin.Name} is {admin.Role.Name()}: only an admin can end sessions of other users.");
        if (string.IsNullOrWhiteSpace(reason))
            return new Reason(IdentityErrorCodes.ReasonRequired, "A reason is required: state why the session is ended.");
        if (await FindAsync(session, ct) is not { } row)
            return new Reason(IdentityErrorCodes.SessionUnknown, $"There is no session {session}: see the audit row of the sign-in.");
        if (row.EndedMs is not null || NowMs >= row.UntilMs)
            return new Reason(IdentityErrorCodes.SessionEnded, $"The session of {row.Who} has already ended.");
        await audit.AppendAsync(Note(admin, "session.ended", row.Who, reason.Trim(), "ok") with { Before = $"session {session}" }, ct);
        await EndAsync(session, ct);
        return null;
    }

    private async Task<SessionRow?> FindAsync(string id, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return await db.Sessions.AsNoTracking().FirstOrDefaultAsync(row => row.Id == id, ct);
    }

    private async Task EndAsync(string id, CancellationToken ct)
    {
        long nowMs = NowMs;
        await using var db = await databases.CreateDbContextAsync(ct);
        await db.Sessions.Where(row => row.Id == id && row.EndedMs == null).ExecuteUpdateAsync(row => row.SetProperty(r => r.EndedMs, nowMs), ct);
        Ended?.Invoke(id);
    }

    private static AuditNote Note(Principal principal, string what, string? target, string why, string result) =>
        new(principal.Name, principal.Address, what, null, target, why, null, null, result, null, $"{what}-{Guid.NewGuid():N}")
        {
            Session = principal.Session, Roles = principal.Role.Name(),
        };

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();
}
