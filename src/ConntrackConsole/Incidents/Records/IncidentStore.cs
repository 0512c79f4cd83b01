using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Storage;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Incidents.Records;

/// <summary>Reads and writes incidents. Their changes are made by <see cref="IncidentService"/>, which writes the audit row first.</summary>
internal sealed class IncidentStore(IDbContextFactory<ConsoleDb> databases, TimeProvider time)
{
    /// <summary>Frames are read from a minute before a window, so that the table is known at its start.</summary>
    private const long PinLeadMs = 61_000;

    /// <summary>Raised after a change, so that pages refresh.</summary>
    public event Action? Changed;

    /// <summary>Newest first, without notes, events and participants.</summary>
    /// <param name="after">Only those after this one in the order of the list; null = from the newest.</param>
    public async Task<List<Incident>> ListAsync(int max, (long OpenedMs, string Id)? after, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        IQueryable<IncidentRow> rows = db.Incidents.AsNoTracking();
        if (after is (var openedMs, var id))
            rows = rows.Where(r => r.OpenedMs < openedMs || (r.OpenedMs == openedMs && string.Compare(r.Id, id) < 0));
        return (await rows.OrderByDescending(r => r.OpenedMs).ThenByDescending(r => r.Id).Take(max).ToListAsync(ct)).ConvertAll(Of);
    }

    public async Task<Incident?> FindAsync(string id, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        if (await db.Incidents.AsNoTracking().FirstOrDefaultAsync(r => r.Id == id, ct) is not { } row)
            return null;
        var notes = await db.IncidentNotes.AsNoTracking().Where(r => r.IncidentId == id).OrderBy(r => r.Number).ThenBy(r => r.Revision).ToListAsync(ct);
        var events = await db.IncidentEvents.AsNoTracking().Where(r => r.IncidentId == id).OrderBy(r => r.AtMs).ThenBy(r => r.Id).ToListAsync(ct);
        var people = await db.IncidentParticipants.AsNoTracking().Where(r => r.IncidentId == id).Select(r => r.Name).ToListAsync(ct);
        return Of(row) with
        {
            Notes = [.. notes.GroupBy(r => r.Number).Select(note => new IncidentNote(note.Key, [.. note.Select(r => new NoteVersion(r.AtMs, r.Author, r.Text))]))],
            Events = [.. events.Select(r => new PinnedEvent(r.Id, Enum.Parse<PinnedKind>(r.Kind), r.Reference, r.AtMs, r.Text, r.PinnedBy, r.PinnedMs))],
            Participants = [.. people.Order(StringComparer.OrdinalIgnoreCase)],
        };
    }

    /// <summary>The newest open incident of a source, or null.</summary>
    public async Task<Incident?> OpenOfAsync(string sourceKey, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        string? id = await db.Incidents.Where(r => r.SourceKey == sourceKey && r.ClosedMs == null).OrderByDescending(r => r.OpenedMs).Select(r => r.Id).FirstOrDefaultAsync(ct);
        return id is null ? null : await FindAsync(id, ct);
    }

    public async Task<int> CountOpenAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return await db.Incidents.CountAsync(r => r.ClosedMs == null, ct);
    }

    /// <summary>Adds an incident, and the pin of its window.</summary>
    public async Task AddAsync(Incident incident, string? sourceKey, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(incident);
        await using var db = await databases.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var pin = new PinRow { Reason = incident.Id, CreatedMs = NowMs };
        (pin.FromMs, pin.ToMs) = Kept(incident.FromMs, incident.ToMs);
        db.Pins.Add(pin);
        await db.SaveChangesAsync(ct);
        db.Incidents.Add(new IncidentRow
        {
            Id = incident.Id, Title = incident.Title, FromMs = incident.FromMs, ToMs = incident.ToMs, OpenedMs = incident.OpenedMs, OpenedBy = incident.OpenedBy,
            Via = incident.Via.ToString(), Source = incident.Source, SourceKey = sourceKey, Namespace = incident.Namespace, Service = incident.Service, PinId = pin.Id,
        });
        db.IncidentParticipants.AddRange(incident.Participants.Select(name => new IncidentParticipantRow { IncidentId = incident.Id, Name = name }));
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        Changed?.Invoke();
    }

    /// <summary>Writes title, window, end and pin of an incident, as they are in <paramref name="incident"/>.</summary>
    public async Task UpdateAsync(Incident incident, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(incident);
        await using var db = await databases.CreateDbContextAsync(ct);
        var row = await db.Incidents.SingleAsync(r => r.Id == incident.Id, ct);
        (row.Title, row.FromMs, row.ToMs, row.ClosedMs, row.ClosedBy) = (incident.Title, incident.FromMs, incident.ToMs, incident.ClosedMs, incident.ClosedBy);
        if (row.PinId is { } id && await db.Pins.SingleOrDefaultAsync(p => p.Id == id, ct) is { } pin)
        {
            if (incident.IsPinned)
                (pin.FromMs, pin.ToMs) = Kept(incident.FromMs, incident.ToMs);
            else
                db.Pins.Remove(pin);
        }

        if (!incident.IsPinned)
            row.PinId = null;
        await db.SaveChangesAsync(ct);
        Changed?.Invoke();
    }

    /// <summary>Adds a version of a note.</summary>
    public Task AddNoteAsync(string id, int number, int revision, NoteVersion version, CancellationToken ct) => AddAsync(db => db.IncidentNotes.Add(
        new IncidentNoteRow { IncidentId = id, Number = number, Revision = revision, AtMs = version.AtMs, Author = version.Author, Text = version.Text }), id, version.Author, ct);

    public Task AddEventAsync(string id, PinnedEvent pinned, CancellationToken ct) => AddAsync(db => db.IncidentEvents.Add(new IncidentEventRow
    {
        IncidentId = id, Kind = pinned.Kind.ToString(), Reference = pinned.Reference, AtMs = pinned.AtMs, Text = pinned.Text, PinnedBy = pinned.PinnedBy, PinnedMs = pinned.PinnedMs,
    }), id, pinned.PinnedBy, ct);

    public async Task RemoveEventAsync(string id, long eventId, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        await db.IncidentEvents.Where(r => r.IncidentId == id && r.Id == eventId).ExecuteDeleteAsync(ct);
        Changed?.Invoke();
    }

    public Task AddParticipantAsync(string id, string name, CancellationToken ct) => AddAsync(null, id, name, ct);

    // Who writes about an incident took part in it.
    private async Task AddAsync(Action<ConsoleDb>? add, string id, string person, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        add?.Invoke(db);
        var people = await db.IncidentParticipants.AsNoTracking().Where(r => r.IncidentId == id).Select(r => r.Name).ToListAsync(ct);
        if (!people.Exists(name => Identity.PersonName.AreSame(name, person)))
            db.IncidentParticipants.Add(new IncidentParticipantRow { IncidentId = id, Name = person });
        await db.SaveChangesAsync(ct);
        Changed?.Invoke();
    }

    // While an incident lasts, all that its window can become is kept.
    private static (long FromMs, long ToMs) Kept(long fromMs, long? toMs) => (Math.Max(0, fromMs - PinLeadMs), toMs ?? fromMs + Incident.MaxWindowMs);

    private static Incident Of(IncidentRow row) => new(row.Id, row.Title, row.FromMs, row.ToMs, row.OpenedMs, row.OpenedBy, Enum.Parse<OpenedVia>(row.Via))
    {
        Source = row.Source, Namespace = row.Namespace, Service = row.Service, ClosedMs = row.ClosedMs, ClosedBy = row.ClosedBy, IsPinned = row.PinId is not null,
    };

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();
}
