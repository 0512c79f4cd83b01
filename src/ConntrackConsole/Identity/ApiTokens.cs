using System.Security.Cryptography;
using System.Text;
using ConntrackConsole.Audit;
using ConntrackConsole.Configuration;
using ConntrackConsole.Storage;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Identity;

/// <summary>A token of a program, without its secret.</summary>
/// <param name="EndedMs">When it was revoked; null if it was not.</param>
/// <param name="LastUsedMs">To the minute; null if it was never used.</param>
internal sealed record ApiToken(string Id, string Name, Role Role, string CreatedBy, long CreatedMs, long UntilMs, long? EndedMs, long? LastUsedMs);

/// <summary>
/// Tokens of programs: named, with a role, of limited life, and revocable. Only their hash is stored: who reads the database cannot use them.
/// Only people create them, and each creation and revocation is in the audit log first.
/// </summary>
internal sealed class ApiTokens(IDbContextFactory<ConsoleDb> databases, AuditLog audit, TimeProvider time)
{
    /// <summary>How a token begins, so that scanners of repositories and logs recognise one.</summary>
    public const string Prefix = "cct_";

    /// <summary>How the session of a program begins in the audit log; the id of its token follows.</summary>
    public const string SessionPrefix = "token-";

    public const int MaxDays = 366;
    public const int MaxNameLength = 64;

    // 256 random bits need no slow hash.
    private const int SecretBytes = 32;
    private const long UseResolutionMs = 60_000;

    /// <summary>Roles of programs. A second person must be a person, and a program has no emergency.</summary>
    public static readonly IReadOnlyList<Role> Roles = [Role.Viewer, Role.Operator];

    /// <summary>Whether a credential has the form of a token of this console.</summary>
    public static bool HasForm(string credential) => credential.StartsWith(Prefix, StringComparison.Ordinal) && credential.Length <= 128;

    /// <returns>The token with its secret, which is shown once; or why it was not created.</returns>
    public async Task<(ApiToken? Token, string? Secret, Reason? Refusal)> CreateAsync(Principal admin, string? name, Role role, int days, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(admin);
        name = name?.Trim() ?? "";
        if (Refuse(admin, "create") is { } refusal)
            return (null, null, refusal);
        if (name.Length is 0 or > MaxNameLength || !VisibleText.IsVisible(name))
            return (null, null, new Reason(IdentityErrorCodes.TokenInvalid, $"The name must be 1 to {MaxNameLength} visible characters, such as deploy-pipeline: the audit log shows it."));
        // Names of programs are in the same column as those of people: neither may be the console's own.
        if (new Person(name, SignInSource.Link, []).Fault() is not null)
            return (null, null, new Reason(IdentityErrorCodes.TokenInvalid, "Choose another name: the console itself uses this one in the audit log."));
        if (!Roles.Contains(role))
            return (null, null, new Reason(IdentityErrorCodes.TokenInvalid, $"The role of a program is {string.Join(" or ", Roles.Select(one => one.Name()))}."));
        if (days is < 1 or > MaxDays)
            return (null, null, new Reason(IdentityErrorCodes.TokenInvalid, $"A token lasts 1 to {MaxDays} days."));
        long nowMs = NowMs;
        var open = (await ListAsync(ct)).FirstOrDefault(other => PersonName.AreSame(other.Name, name) && IsValid(other, nowMs));
        if (open is not null)
            return (null, null, new Reason(IdentityErrorCodes.TokenInvalid, $"There is a valid token named {open.Name}: choose another name, or revoke it first, so that the audit log can distinguish them."));

        string secret = Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(SecretBytes)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        var token = new ApiToken(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6)), name, role, admin.Name, nowMs, nowMs + (days * 24L * 3_600_000), null, null);
        await audit.AppendAsync(Note(admin, "token.created", token, $"{role.Name()} for {days} days"), ct);
        await using var db = await databases.CreateDbContextAsync(ct);
        db.ApiTokens.Add(new ApiTokenRow
        {
            Id = token.Id, Name = name, Role = role.Name(), Hash = HashOf(secret), CreatedBy = admin.Name, CreatedMs = nowMs, UntilMs = token.UntilMs,
        });
        await db.SaveChangesAsync(ct);
        return (token, secret, null);
    }

    /// <returns>Why it was not revoked, or null.</returns>
    public async Task<Reason?> RevokeAsync(Principal admin, string id, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(admin);
        if (Refuse(admin, "revoke") is { } refusal)
            return refusal;
        if (await FindAsync(id, ct) is not { } token)
            return new Reason(IdentityErrorCodes.TokenUnknown, $"There is no token {id}.");
        if (token.EndedMs is not null)
            return new Reason(IdentityErrorCodes.TokenEnded, $"The token {token.Name} was already revoked.");
        await audit.AppendAsync(Note(admin, "token.revoked", token, "Revoked"), ct);
        long nowMs = NowMs;
        await using var db = await databases.CreateDbContextAsync(ct);
        await db.ApiTokens.Where(row => row.Id == id && row.EndedMs == null).ExecuteUpdateAsync(row => row.SetProperty(r => r.EndedMs, nowMs), ct);
        return null;
    }

    /// <summary>All tokens, the newest first; also those that have ended.</summary>
    public async Task<IReadOnlyList<ApiToken>> ListAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return [.. (await db.ApiTokens.AsNoTracking().OrderByDescending(row => row.CreatedMs).ToListAsync(ct)).Select(Of)];
    }

    /// <summary>The id of the valid token with this secret; marks it as used.</summary>
    public async Task<(string? Id, Reason? Refusal)> SignInAsync(string secret, CancellationToken ct)
    {
        string hash = HashOf(secret);
        await using var db = await databases.CreateDbContextAsync(ct);
        // The column is compared by the database: of a hash of 256 random bits its time reveals nothing.
        if (await db.ApiTokens.AsNoTracking().FirstOrDefaultAsync(row => row.Hash == hash, ct) is not { } row)
            return (null, new Reason(IdentityErrorCodes.TokenUnknown, "The console does not know this token."));
        var token = Of(row);
        if (Fault(token) is { } fault)
            return (null, fault);
        long nowMs = NowMs;
        if (token.LastUsedMs is not { } used || nowMs - used >= UseResolutionMs)
            await db.ApiTokens.Where(r => r.Id == token.Id).ExecuteUpdateAsync(r => r.SetProperty(one => one.LastUsedMs, nowMs), ct);
        return (token.Id, null);
    }

    /// <summary>The program of a token at this moment, or why it has none.</summary>
    public async Task<SessionCheck> CheckAsync(string id, string? address, CancellationToken ct)
    {
        if (await FindAsync(id, ct) is not { } token)
            return new SessionCheck(null, new Reason(IdentityErrorCodes.TokenUnknown, "The console does not know this token."));
        return Fault(token) is { } fault ? new SessionCheck(null, fault) : new SessionCheck(new Principal(token.Name, token.Role, SessionPrefix + token.Id, address), null);
    }

    private Reason? Fault(ApiToken token) =>
        token.EndedMs is not null ? new Reason(IdentityErrorCodes.TokenEnded, $"The token {token.Name} was revoked.")
        : !IsValid(token, NowMs) ? new Reason(IdentityErrorCodes.TokenEnded, $"The token {token.Name} has expired: ask an admin for a new one.")
        : null;

    private static bool IsValid(ApiToken token, long nowMs) => token.EndedMs is null && nowMs < token.UntilMs;

    // A program that could create tokens would have no end.
    private static Reason? Refuse(Principal admin, string what) =>
        admin.Role.MayAdminister() && !admin.Session.StartsWith(SessionPrefix, StringComparison.Ordinal) && !admin.Session.StartsWith(Sessions.RequestPrefix, StringComparison.Ordinal)
        ? null : new Reason(IdentityErrorCodes.Forbidden, $"{admin.Name} is {admin.Role.Name()}: only a person who is an admin can {what} tokens.");

    private async Task<ApiToken?> FindAsync(string id, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return await db.ApiTokens.AsNoTracking().FirstOrDefaultAsync(row => row.Id == id, ct) is { } row ? Of(row) : null;
    }

    private static ApiToken Of(ApiTokenRow row) =>
        new(row.Id, row.Name, Rights.Parse(row.Role), row.CreatedBy, row.CreatedMs, row.UntilMs, row.EndedMs, row.LastUsedMs);

    private static string HashOf(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    private static AuditNote Note(Principal admin, string what, ApiToken token, string why) =>
        new(admin.Name, admin.Address, what, null, token.Name, why, null, $"token {token.Id}", "ok", null, $"{what}-{token.Id}") { Session = admin.Session, Roles = admin.Role.Name() };

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();
}
