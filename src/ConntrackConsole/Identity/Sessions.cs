using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json;
using ConntrackConsole.Audit;
using ConntrackConsole.Kubernetes.Access;
using ConntrackConsole.Storage;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Identity;

/// <summary>The user of a session at this moment, or why nothing is authorized.</summary>
internal sealed record SessionCheck(Principal? Principal, Reason? Refusal)
{
    /// <summary>The session may be valid: what would say so does not answer. Nothing is authorized meanwhile, but nothing has ended.</summary>
    public bool IsUnknown => Refusal?.Code == IdentityErrorCodes.RightsUnknown;
}

/// <summary>
/// Sessions of signed-in users. A cookie only names a session: its validity is checked here each time, and the role is taken from the
/// current configuration, or from the cluster.
/// </summary>
internal sealed class Sessions(IDbContextFactory<ConsoleDb> databases, SignInLinks links, RoleRules rules, ApiTokens tokens, AuditLog audit, TimeProvider time)
{
    /// <summary>Absolute lifetime of a session; afterwards a new link is required.</summary>
    public static readonly TimeSpan Ttl = TimeSpan.FromHours(12);

    // As stored, in the order of SignInSource.
    private static readonly string[] SourceNames = ["link", "oidc", "kubernetes"];

    /// <summary>Claim with the session id; the cookie contains only this and the name of the person.</summary>
    public const string SessionClaim = ClaimTypes.NameIdentifier;

    /// <summary>Raised when a session is ended; not when it expires.</summary>
    public event Action<string>? Ended;

    /// <summary>Claim of a group, of a program that presents a token of the cluster.</summary>
    public const string GroupClaim = "group";

    /// <summary>Claim with the network address of the user, for the audit log.</summary>
    public const string AddressClaim = "address";

    /// <summary>How the session of a program with a token of the cluster begins; such a session is one request.</summary>
    public const string RequestPrefix = "kubernetes-";

    /// <summary>Writes the sign-in to the audit log, then starts the session of a link's person.</summary>
    public async Task<Principal> BeginAsync(SignInLink link, string? address, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(link);
        return await BeginAsync(new Person(link.Name, SignInSource.Link, []), link.Role, address, link.Origin, Ttl, ct);
    }

    /// <summary>The same of a person whom a provider has named, if they have a role.</summary>
    /// <param name="ttl">At most <see cref="Ttl"/>.</param>
    public async Task<SessionCheck> BeginAsync(Person person, string? address, string origin, TimeSpan ttl, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(person);
        var (role, refusal) = await RoleAsync(person, ct);
        if (role is null)
        {
            await audit.AppendAsync(
                new AuditNote(person.Fault() is null ? person.Name : "(name not valid)", address, "signin", null, null, origin, null, null, "refused", null, $"signin-{Guid.NewGuid():N}") { Code = refusal!.Code }, ct);
            return new SessionCheck(null, refusal);
        }

        return new SessionCheck(await BeginAsync(person, role.Value, address, origin, ttl < Ttl ? ttl : Ttl, ct), null);
    }

    /// <summary>Records a sign-in that failed before it was known who it was.</summary>
    public Task RefusedAsync(string? address, string origin, Reason refusal, CancellationToken ct) => audit.AppendAsync(
        new AuditNote("(unknown)", address, "signin", null, null, origin, null, null, "refused", null, $"signin-{Guid.NewGuid():N}") { Code = refusal.Code }, ct);

    private async Task<Principal> BeginAsync(Person person, Role role, string? address, string origin, TimeSpan ttl, CancellationToken ct)
    {
        var principal = new Principal(person.Name, role, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), address);
        await audit.AppendAsync(Note(principal, "signin", null, origin, "ok"), ct);
        await using var db = await databases.CreateDbContextAsync(ct);
        db.Sessions.Add(new SessionRow
        {
            Id = principal.Session, Who = principal.Name, From = address, SignedInMs = NowMs, UntilMs = NowMs + (long)ttl.TotalMilliseconds,
            Source = SourceNames[(int)person.Source], Groups = person.Groups.Count > 0 ? JsonSerializer.Serialize(person.Groups) : null,
        });
        await db.SaveChangesAsync(ct);
        return principal;
    }

    /// <summary>The authoritative check; call it for every action, not once per page.</summary>
    public async Task<SessionCheck> CheckAsync(ClaimsPrincipal? user, CancellationToken ct)
    {
        if (user?.Identity is not { IsAuthenticated: true } || user.FindFirstValue(SessionClaim) is not { } id)
            return new SessionCheck(null, new Reason(IdentityErrorCodes.SignInRequired, "You are not signed in."));
        // Programs: each request presents its token, and the check is as authoritative.
        string? address = user.FindFirstValue(AddressClaim);
        if (id.StartsWith(ApiTokens.SessionPrefix, StringComparison.Ordinal))
            return await tokens.CheckAsync(id[ApiTokens.SessionPrefix.Length..], address, ct);
        if (id.StartsWith(RequestPrefix, StringComparison.Ordinal))
        {
            var program = new Person(user.Identity.Name ?? "", SignInSource.Kubernetes, [.. user.FindAll(GroupClaim).Select(claim => claim.Value)]);
            return Check(program, id, address, await RoleAsync(program, ct));
        }

        if (await FindAsync(id, ct) is not { } row)
            return new SessionCheck(null, new Reason(IdentityErrorCodes.SessionUnknown, "This console does not know your session."));
        if (row.EndedMs is not null)
            return new SessionCheck(null, new Reason(IdentityErrorCodes.SessionEnded, "Your session was ended."));
        if (NowMs >= row.UntilMs)
        {
            return new SessionCheck(null, new Reason(
                IdentityErrorCodes.SessionExpired, $"Your session has expired: sessions last {Duration(row.Source == SourceNames[0] ? (long)Ttl.TotalMilliseconds : row.UntilMs - row.SignedInMs)}."));
        }

        int source = Array.IndexOf(SourceNames, row.Source);
        var person = new Person(row.Who, (SignInSource)Math.Max(0, source), row.Groups is null ? [] : JsonSerializer.Deserialize<string[]>(row.Groups)!);
        // A later version may know more sources; what this one does not know has no role.
        return Check(person, id, row.From, source < 0 ? (null, NoRole(person)) : await RoleAsync(person, ct));
    }

    private static SessionCheck Check(Person person, string id, string? address, (Role? Role, Reason? Refusal) role) =>
        role.Role is { } has ? new SessionCheck(new Principal(person.Name, has, id, address), null) : new SessionCheck(null, role.Refusal);

    private async Task<(Role? Role, Reason? Refusal)> RoleAsync(Person person, CancellationToken ct)
    {
        if (person.Source == SignInSource.Link)
        {
            return links.RoleOf(person.Name) is { } linked ? (linked, null)
                : (null, new Reason(IdentityErrorCodes.LinkRemoved, $"The configuration no longer has a link for {person.Name}, so this session has ended."));
        }

        if (person.Fault() is { } fault)
            return (null, fault);
        try
        {
            return await rules.OfAsync(person, ct) is { } role ? (role, null) : (null, NoRole(person));
        }
        catch (ReviewUnavailableException failure)
        {
            return (null, new Reason(IdentityErrorCodes.RightsUnknown, $"It is not known whether {person.Name} has a role. {failure.Message}"));
        }
    }

    private static Reason NoRole(Person person) => new(
        IdentityErrorCodes.NoRole, $"{person.Name} has no role in this console. Ask for one: by a group of Identity:Roles, or by a ClusterRole on {RoleRules.Group}.");

    // Whole hours where they are.
    private static string Duration(long ms) => ms % 3_600_000 == 0 ? $"{ms / 3_600_000} hours" : $"{(ms + 59_999) / 60_000} minutes";

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
