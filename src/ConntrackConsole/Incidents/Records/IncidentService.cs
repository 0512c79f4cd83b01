using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using ConntrackConsole.Audit;
using ConntrackConsole.Identity;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Incidents.Records;

/// <summary>
/// The one way to open and change incidents, for pages, API and Alertmanager. Every change is first a row of the audit log. An incident is
/// written about after it has ended, too, so a closed one still takes notes. Nothing here changes a node, so a read-only console allows it.
/// </summary>
internal sealed partial class IncidentService(IncidentStore store, AuditLog audit, TimeProvider time, ILogger<IncidentService> log) : IDisposable
{
    public const int MaxTitle = 200;
    public const int MaxNote = 8_000;
    public const int MaxText = 500;
    public const int MaxName = 100;
    public const int MaxOpen = 200;
    public const int MaxVersions = 1_000;
    public const int MaxEvents = 500;
    public const int MaxParticipants = 100;

    private const int MaxAudited = 1_000;

    // One change at a time, so that what was read is still so when it is written.
    private readonly SemaphoreSlim _one = new(1);

    public void Dispose() => _one.Dispose();

    /// <summary>Opens an incident, or returns the open one of the same source.</summary>
    public Task<IncidentAnswer> OpenAsync(IncidentRequest request, Principal principal, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(request);
        return AsOneAsync(principal, () => OpenLockedAsync(request, principal, ct), ct);
    }

    /// <summary>Adds a note.</summary>
    public Task<IncidentAnswer> NoteAsync(string id, string? text, Principal principal, CancellationToken ct) => ChangeAsync(id, principal, async incident =>
    {
        string plain = PlainText.Of(text, keepLines: true);
        if (TextProblem("note", plain, MaxNote) is { } problem)
            return problem;
        if (incident.Notes.Sum(note => note.Versions.Count) >= MaxVersions)
            return TooMany($"{incident.Id} has {MaxVersions} notes and edits");
        int number = incident.Notes.Count + 1;
        var version = new NoteVersion(NowMs, principal.Name, plain);
        await WriteAsync(incident, principal, "note", $"Note {number} added", null, version.Text, ct);
        await store.AddNoteAsync(incident.Id, number, 0, version, ct);
        return null;
    }, ct);

    /// <summary>Adds a version to a note; the earlier ones are kept.</summary>
    public Task<IncidentAnswer> EditNoteAsync(string id, int number, string? text, Principal principal, CancellationToken ct) => ChangeAsync(id, principal, async incident =>
    {
        string plain = PlainText.Of(text, keepLines: true);
        if (TextProblem("note", plain, MaxNote) is { } problem)
            return problem;
        if (incident.Notes.FirstOrDefault(note => note.Number == number) is not { } note)
            return Missing($"{incident.Id} has no note {number}.");
        if (note.Latest.Text == plain)
            return State(IncidentCodes.Unchanged, $"Note {number} already has this text.");
        if (incident.Notes.Sum(one => one.Versions.Count) >= MaxVersions)
            return TooMany($"{incident.Id} has {MaxVersions} notes and edits");
        var version = new NoteVersion(NowMs, principal.Name, plain);
        await WriteAsync(incident, principal, "note-edited", $"Note {number} edited", note.Latest.Text, version.Text, ct);
        await store.AddNoteAsync(incident.Id, number, note.Versions.Count, version, ct);
        return null;
    }, ct);

    /// <summary>Pins an event.</summary>
    public Task<IncidentAnswer> PinAsync(string id, PinnedKind kind, string? reference, long atMs, string? text, Principal principal, CancellationToken ct) => ChangeAsync(id, principal, async incident =>
    {
        string plain = PlainText.Of(text);
        if (TextProblem("event", plain, MaxText) is { } problem)
            return problem;
        if (reference?.Length > MaxText)
            return Invalid(IncidentCodes.InvalidText, $"The reference is too long: at most {MaxText} characters.");
        if (atMs < incident.FromMs || atMs > incident.EndMs(NowMs))
            return Invalid(IncidentCodes.InvalidWindow, "The event is outside the window of the incident: extend the window first.");
        if (incident.Events.Count >= MaxEvents)
            return TooMany($"{incident.Id} has {MaxEvents} pinned events");
        if (incident.Events.Any(other => other.Kind == kind && other.AtMs == atMs && other.Reference == reference && other.Text == plain))
            return State(IncidentCodes.Unchanged, "This event is already pinned.");
        await WriteAsync(incident, principal, "pinned", $"Pinned: {plain}", null, reference, ct);
        await store.AddEventAsync(incident.Id, new PinnedEvent(0, kind, reference, atMs, plain, principal.Name, NowMs), ct);
        return null;
    }, ct);

    /// <summary>Removes a pinned event. The audit log keeps that it was pinned.</summary>
    public Task<IncidentAnswer> UnpinAsync(string id, long eventId, Principal principal, CancellationToken ct) => ChangeAsync(id, principal, async incident =>
    {
        if (incident.Events.FirstOrDefault(pinned => pinned.Id == eventId) is not { } pinned)
            return Missing($"{incident.Id} has no pinned event {eventId}.");
        await WriteAsync(incident, principal, "unpinned", $"No longer pinned: {pinned.Text}", pinned.Reference, null, ct);
        await store.RemoveEventAsync(incident.Id, eventId, ct);
        return null;
    }, ct);

    /// <summary>Adds a person who took part without writing.</summary>
    public Task<IncidentAnswer> AddParticipantAsync(string id, string? name, Principal principal, CancellationToken ct) => ChangeAsync(id, principal, async incident =>
    {
        string plain = PlainText.Of(name);
        if (TextProblem("name", plain, MaxName) is { } problem)
            return problem;
        if (incident.Participants.Any(known => PersonName.AreSame(known, plain)))
            return State(IncidentCodes.Unchanged, $"{plain} is already a participant.");
        if (incident.Participants.Count >= MaxParticipants)
            return TooMany($"{incident.Id} has {MaxParticipants} participants");
        await WriteAsync(incident, principal, "participant", "Participant added", null, plain, ct);
        await store.AddParticipantAsync(incident.Id, plain, ct);
        return null;
    }, ct);

    /// <summary>Changes title and window.</summary>
    /// <param name="title">Null: it stays.</param>
    /// <param name="toMs">Null: it lasts, if it is open.</param>
    public Task<IncidentAnswer> UpdateAsync(string id, string? title, long fromMs, long? toMs, Principal principal, CancellationToken ct) => ChangeAsync(id, principal, async incident =>
    {
        if ((title is null ? null : TextProblem("title", PlainText.Of(title), MaxTitle)) is { } problem)
            return problem;
        // One that lasts may be older than a window is long.
        if (((fromMs, toMs) == (incident.FromMs, incident.ToMs) ? null : WindowProblem(fromMs, toMs)) is { } window)
            return window;
        if (toMs is null && !incident.IsOpen)
            return Invalid(IncidentCodes.InvalidWindow, "A closed incident has an end: give one.");
        var changed = incident with { Title = title is null ? incident.Title : PlainText.Of(title), FromMs = fromMs, ToMs = toMs };
        if (changed == incident)
            return State(IncidentCodes.Unchanged, "Title and window are already these.");
        await WriteAsync(incident, principal, "updated", "Title or window changed", Summary(incident), Summary(changed), ct);
        await store.UpdateAsync(changed, ct);
        return null;
    }, ct);

    /// <summary>Closes it. Its window ends now, if it still lasted.</summary>
    public Task<IncidentAnswer> CloseAsync(string id, Principal principal, CancellationToken ct) => ChangeAsync(id, principal, async incident =>
    {
        if (!incident.IsOpen)
            return State(IncidentCodes.Unchanged, $"{incident.Id} is already closed.");
        var closed = incident with { ToMs = incident.EndMs(NowMs), ClosedMs = NowMs, ClosedBy = principal.Name };
        await WriteAsync(incident, principal, "closed", "Incident closed", Summary(incident), Summary(closed), ct);
        await store.UpdateAsync(closed, ct);
        return null;
    }, ct);

    /// <summary>Opens a closed incident again; its window stays.</summary>
    public Task<IncidentAnswer> ReopenAsync(string id, Principal principal, CancellationToken ct) => ChangeAsync(id, principal, async incident =>
    {
        if (incident.IsOpen)
            return State(IncidentCodes.Unchanged, $"{incident.Id} is open.");
        if (await store.CountOpenAsync(ct) >= MaxOpen)
            return TooMany($"{MaxOpen} incidents are open");
        await WriteAsync(incident, principal, "reopened", "Incident opened again", null, null, ct);
        await store.UpdateAsync(incident with { ClosedMs = null, ClosedBy = null }, ct);
        return null;
    }, ct);

    /// <summary>Lets the window of a closed incident expire like any other. Notes and pinned events are kept.</summary>
    public Task<IncidentAnswer> ReleaseAsync(string id, Principal principal, CancellationToken ct) => ChangeAsync(id, principal, async incident =>
    {
        if (incident.IsOpen)
            return State(IncidentCodes.StillOpen, $"{incident.Id} is open: close it first.");
        if (!incident.IsPinned)
            return State(IncidentCodes.Unchanged, $"The window of {incident.Id} already expires like any other.");
        await WriteAsync(incident, principal, "released", "Its window expires like any other", Summary(incident), null, ct);
        await store.UpdateAsync(incident with { IsPinned = false }, ct);
        return null;
    }, ct);

    /// <summary>A new message about the alerts that opened an incident: its window follows it. Its title may be a person's by now, and stays.</summary>
    public Task<IncidentAnswer> FollowAlertAsync(string id, IncidentRequest request, Principal principal, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(request);
        return ChangeAsync(id, principal, async incident =>
        {
            long fromMs = Math.Min(incident.FromMs, request.FromMs);
            var changed = incident with { FromMs = fromMs, ToMs = request.ToMs is { } to ? Math.Min(to, fromMs + Incident.MaxWindowMs) : null };
            // Alertmanager repeats what is known: no row of the audit log for each.
            if (changed == incident)
                return null;
            await WriteAsync(incident, principal, "updated", request.ToMs is null ? "Alertmanager: firing" : "Alertmanager: resolved", Summary(incident), Summary(changed), ct);
            await store.UpdateAsync(changed, ct);
            return null;
        }, ct);
    }

    private async Task<IncidentAnswer> OpenLockedAsync(IncidentRequest request, Principal principal, CancellationToken ct)
    {
        if ((TextProblem("title", PlainText.Of(request.Title), MaxTitle) ?? WindowProblem(request.FromMs, request.ToMs)) is { } problem)
            return new IncidentAnswer(null, problem);
        if (request.SourceKey is { } key && await store.OpenOfAsync(key, ct) is { } same && (same.ToMs is null || (request.ToMs ?? NowMs) - same.FromMs <= Incident.MaxWindowMs))
            return new IncidentAnswer(same, null);
        if (await store.CountOpenAsync(ct) >= MaxOpen)
            return new IncidentAnswer(null, TooMany($"{MaxOpen} incidents are open"));
        string id = string.Create(CultureInfo.InvariantCulture, $"inc-{time.GetUtcNow():yyyyMMdd}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}");
        var incident = new Incident(id, PlainText.Of(request.Title), request.FromMs, request.ToMs, NowMs, principal.Name, request.Via)
        {
            Source = Cut(request.Source), Namespace = Cut(request.Namespace), Service = Cut(request.Service), IsPinned = true, Participants = [principal.Name],
        };
        await WriteAsync(incident, principal, "opened", request.Via == OpenedVia.Manual ? "Opened by hand" : $"Opened by {(request.Via == OpenedVia.Finding ? "a finding" : "Alertmanager")}: {incident.Source}", null, Summary(incident), ct);
        await store.AddAsync(incident, request.SourceKey, ct);
        return new IncidentAnswer(await store.FindAsync(id, ct), null) { IsNew = true };
    }

    private Task<IncidentAnswer> ChangeAsync(string id, Principal principal, Func<Incident, Task<IncidentRefusal?>> change, CancellationToken ct) => AsOneAsync(principal, async () =>
    {
        if (id.Length > MaxName || await store.FindAsync(id, ct) is not { } incident)
            return new IncidentAnswer(null, Missing("There is no incident with this id: see the list of incidents."));
        return await change(incident) is { } refusal ? new IncidentAnswer(incident, refusal) : new IncidentAnswer(await store.FindAsync(id, ct), null);
    }, ct);

    private async Task<IncidentAnswer> AsOneAsync(Principal principal, Func<Task<IncidentAnswer>> change, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(principal);
        if (!principal.Role.MayAct())
        {
            return IncidentAnswer.No(
                IncidentRefusalKind.Role, IncidentCodes.RoleCannotChange, $"{principal.Name} is {principal.Role.Name()}: only an operator can open and change incidents.");
        }

        await _one.WaitAsync(ct);
        try
        {
            return await change();
        }
        catch (AuditUnavailableException e)
        {
            return IncidentAnswer.No(IncidentRefusalKind.Fault, IncidentCodes.AuditUnavailable, $"Nothing was changed: {e.Message}");
        }
        catch (Exception e) when (e is DbException or DbUpdateException)
        {
            LogFailed(e);
            return IncidentAnswer.No(IncidentRefusalKind.Fault, IncidentCodes.AuditUnavailable, "The database cannot be written: check the disk and the console's log, then try again.");
        }
        finally
        {
            _one.Release();
        }
    }

    // Common to all rows of an incident: its id.
    private Task<AuditEntry> WriteAsync(Incident incident, Principal principal, string step, string why, string? before, string? after, CancellationToken ct) => audit.AppendAsync(
        new AuditNote(
            principal.Name, principal.Address, $"incident.{step}", null, incident.Id, TextSummary.Truncate(why, MaxText), before is null ? null : TextSummary.Truncate(before, MaxAudited),
            after is null ? null : TextSummary.Truncate(after, MaxAudited), "ok", null, incident.Id)
        {
            Session = principal.Session, Roles = principal.Role.Name(), IncidentId = incident.Id,
        }, ct);

    private static string Summary(Incident incident) =>
        $"{incident.Title}, {Text(incident.FromMs)} – {(incident.ToMs is { } to ? Text(to) : "lasts")}{(incident.Service is { } service ? $", {incident.Namespace}/{service}" : "")}";

    private static string Text(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private IncidentRefusal? WindowProblem(long fromMs, long? toMs)
    {
        long endMs = toMs ?? NowMs;
        string? problem = fromMs < 0 ? "The window is before 1970."
            : fromMs >= endMs ? toMs is null ? "The window begins in the future." : "The window is empty: its start must be before its end."
            : endMs - fromMs > Incident.MaxWindowMs ? $"The window has more than {Incident.MaxWindowMs / 3_600_000} hours: choose a shorter one."
            : toMs > NowMs ? "The window ends in the future: leave its end out while the incident lasts."
            : null;
        return problem is null ? null : Invalid(IncidentCodes.InvalidWindow, problem);
    }

    private static IncidentRefusal? TextProblem(string what, string text, int max) =>
        text.Length == 0 ? Invalid(IncidentCodes.InvalidText, $"The {what} is empty: write at least one word.")
        : text.Length > max ? Invalid(IncidentCodes.InvalidText, $"The {what} has {text.Length} characters: at most {max} are allowed.")
        : null;

    private static IncidentRefusal Invalid(string code, string message) => new(IncidentRefusalKind.Invalid, code, message);

    private static IncidentRefusal Missing(string message) => new(IncidentRefusalKind.NotFound, IncidentCodes.NotFound, message);

    private static IncidentRefusal State(string code, string message) => new(IncidentRefusalKind.State, code, message);

    private static IncidentRefusal TooMany(string what) => State(IncidentCodes.TooMany, $"{what}, which is the maximum: close or reuse one.");

    private static string? Cut(string? text) => PlainText.Of(text) is { Length: > 0 } plain ? TextSummary.Truncate(plain, MaxText) : null;

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    [LoggerMessage(Level = LogLevel.Error, Message = "An incident could not be written")]
    private partial void LogFailed(Exception failure);
}
