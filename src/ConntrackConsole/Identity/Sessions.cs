using System.Security.Claims;
using System.Security.Cryptography;
using ConntrackConsole.Audit;
using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Identity;

/// <summary>Who stands behind a cookie at this moment, or the sentence why nobody does.</summary>
internal sealed record SessionCheck(Principal? Principal, string? Refusal);

/// <summary>
/// Who has signed in. A cookie only names a session: whether it still holds is asked here, each time, and the role is the
/// configuration's of now.
/// </summary>
internal sealed class Sessions(IDbContextFactory<ConsoleDb> databases, SignInLinks links, AuditLog audit, TimeProvider time)
{
    /// <summary>However busy somebody is: afterwards a link is needed again.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(12);

    /// <summary>Claim with the session's name; the only one besides the person's that the cookie carries.</summary>
    public const string SessionClaim = ClaimTypes.NameIdentifier;

    /// <summary>A session was ended, by whomever; one that runs out by itself is not told.</summary>
    public event Action<string>? Ended;

    /// <summary>Writes the sign-in down, then begins the session.</summary>
    public async Task<Principal> BeginAsync(SignInLink link, string? address, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(link);
        var caller = new Principal(link.Name, link.Role, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), address);
        await audit.AppendAsync(Note(caller, "signin", null, "Sign-in link used", "ok"), ct);
        await using var db = await databases.CreateDbContextAsync(ct);
        db.Sessions.Add(new SessionRow { Id = caller.Session, Who = caller.Name, From = address, SignedInMs = NowMs, UntilMs = NowMs + (long)Life.TotalMilliseconds });
        await db.SaveChangesAsync(ct);
        return caller;
    }

    /// <summary>The decisive check: to be made at every act, not once for a page.</summary>
    public async Task<SessionCheck> CheckAsync(ClaimsPrincipal? user, CancellationToken ct)
    {
        if (user?.Identity?.IsAuthenticated != true || user.FindFirstValue(SessionClaim) is not { } id)
            return new SessionCheck(null, "You are not signed in.");
        var row = await FindAsync(id, ct);
        string? refusal = row is null ? "This console does not know your session."
            : row.EndedMs is not null ? "Your session was ended."
            : NowMs >= row.UntilMs ? $"Your session is over: it lasts {Life.TotalHours} hours."
            : links.RoleOf(row.Who) is null ? $"The configuration has no link for {row.Who} any more, so this session has ended."
            : null;
        return refusal is null
            ? new SessionCheck(new Principal(row!.Who, links.RoleOf(row.Who)!.Value, id, row.From), null)
            : new SessionCheck(null, refusal);
    }

    /// <summary>Who it is now, or null: <see cref="CheckAsync"/> says why.</summary>
    public async Task<Principal?> CallerAsync(ClaimsPrincipal? user, CancellationToken ct) => (await CheckAsync(user, ct)).Principal;

    /// <summary>Somebody ends their own session.</summary>
    public async Task SignOutAsync(Principal caller, CancellationToken ct, string why = "Signed out")
    {
        ArgumentNullException.ThrowIfNull(caller);
        await audit.AppendAsync(Note(caller, "signout", null, why, "ok"), ct);
        await EndAsync(caller.Session, ct);
    }

    /// <summary>An admin ends somebody else's session; it holds for the next act of that session, wherever its page is open.</summary>
    /// <param name="session">As the audit log's rows of that person name it.</param>
    /// <returns>The sentence why it was not ended, or null.</returns>
    public async Task<string?> EndOtherAsync(Principal admin, string session, string reason, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(admin);
        if (!admin.Role.MayAdminister())
            return $"{admin.Name} is {admin.Role.Name()}: only an admin ends other people's sessions.";
        if (string.IsNullOrWhiteSpace(reason))
            return "The reason is missing: write down why the session is ended.";
        if (await FindAsync(session, ct) is not { } row)
            return $"There is no session {session}: take it from the audit log's row of the sign-in.";
        if (row.EndedMs is not null || NowMs >= row.UntilMs)
            return $"The session of {row.Who} has ended already.";
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

    private static AuditNote Note(Principal caller, string what, string? target, string why, string result) =>
        new(caller.Name, caller.Address, what, null, target, why, null, null, result, null, $"{what}-{Guid.NewGuid():N}")
        {
            Session = caller.Session, Roles = caller.Role.Name(),
        };

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();
}
