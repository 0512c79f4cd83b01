using ConntrackConsole.Incidents.Records;
using ConntrackConsole.Timeline.Storage;
using Microsoft.EntityFrameworkCore;
using Xunit;
using static ConntrackConsole.Tests.Incidents.IncidentFixture;

namespace ConntrackConsole.Tests.Incidents;

public sealed class IncidentServiceTests : IAsyncLifetime
{
    private IncidentFixture _console = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IncidentService Service => _console.Service;

    public async ValueTask InitializeAsync() => _console = await StartAsync();

    public ValueTask DisposeAsync()
    {
        _console.Dispose();
        return default;
    }

    [Fact]
    public async Task Open_Stored_PinsItsWindowWithTheMinuteBefore_AndIsAudited()
    {
        var incident = await _console.OpenAsync();
        Assert.Matches("^inc-[0-9]{8}-[0-9a-f]{8}$", incident.Id);
        Assert.Equal(("Orders reset", "ada", OpenedVia.Manual, "shop", "orders", true, true), (incident.Title, incident.OpenedBy, incident.Via, incident.Namespace, incident.Service, incident.IsOpen, incident.IsPinned));
        Assert.Equal(["ada"], incident.Participants);
        // It lasts: all that it can become is kept.
        Assert.Equal((T0 - 661_000, T0 - 600_000 + Incident.MaxWindowMs), await PinAsync());
        var row = Assert.Single(await _console.RowsAsync(incident.Id));
        Assert.Equal(("incident.opened", "ada", "s-1", "operator", incident.Id, incident.Id), (row.What, row.Who, row.Session, row.Roles, row.Target, row.IncidentId));
        Assert.Equal(incident.Id, Assert.Single(await _console.Store.ListAsync(10, null, Ct)).Id);
    }

    [Fact]
    public async Task Close_EndsWindowAndPin_NotesRemainPossible_ReleaseRemovesThePin()
    {
        var incident = await _console.OpenAsync();
        Assert.Equal(IncidentCodes.StillOpen, (await Service.ReleaseAsync(incident.Id, Ada, Ct)).Refusal!.Code);
        _console.Clock.Advance(TimeSpan.FromMinutes(5));
        var closed = (await Service.CloseAsync(incident.Id, Ada, Ct)).Incident!;
        Assert.Equal((T0 + 300_000, T0 + 300_000, "ada", false), (closed.ToMs, closed.ClosedMs, closed.ClosedBy, closed.IsOpen));
        Assert.Equal((T0 - 661_000, T0 + 300_000), await PinAsync());
        Assert.Equal(IncidentCodes.Unchanged, (await Service.CloseAsync(incident.Id, Ada, Ct)).Refusal!.Code);
        Assert.Null((await Service.NoteAsync(incident.Id, "Written the day after", Ada, Ct)).Refusal);

        var released = (await Service.ReleaseAsync(incident.Id, Ada, Ct)).Incident!;
        Assert.False(released.IsPinned);
        Assert.Single(released.Notes);
        await using var db = _console.Database.CreateDbContext();
        Assert.Empty(await db.Set<PinRow>().ToListAsync(Ct));
        Assert.Equal(IncidentCodes.Unchanged, (await Service.ReleaseAsync(incident.Id, Ada, Ct)).Refusal!.Code);
        Assert.True((await Service.ReopenAsync(incident.Id, Ada, Ct)).Incident!.IsOpen);
        Assert.Equal(
            ["incident.opened", "incident.closed", "incident.note", "incident.released", "incident.reopened"], (await _console.RowsAsync(incident.Id)).Select(row => row.What));
    }

    [Fact]
    public async Task Note_Edited_KeepsEveryVersionWithItsAuthor()
    {
        var incident = await _console.OpenAsync();
        await Service.NoteAsync(incident.Id, "  Rolled back\r\nat 10:04\0 ", Ada, Ct);
        _console.Clock.Advance(TimeSpan.FromSeconds(30));
        var edited = (await Service.EditNoteAsync(incident.Id, 1, "Rolled back at 10:05", Ada with { Name = "bob" }, Ct)).Incident!;
        Assert.Equal(
            [new NoteVersion(T0, "ada", "Rolled back\nat 10:04"), new NoteVersion(T0 + 30_000, "bob", "Rolled back at 10:05")], Assert.Single(edited.Notes).Versions);
        Assert.Equal(["ada", "bob"], edited.Participants);
        Assert.Equal(IncidentCodes.Unchanged, (await Service.EditNoteAsync(incident.Id, 1, "Rolled back at 10:05", Ada, Ct)).Refusal!.Code);
        Assert.Equal(IncidentCodes.NotFound, (await Service.EditNoteAsync(incident.Id, 2, "x", Ada, Ct)).Refusal!.Code);
        var row = (await _console.RowsAsync(incident.Id))[^1];
        Assert.Equal(("incident.note-edited", "Rolled back\nat 10:04", "Rolled back at 10:05"), (row.What, row.Before, row.After));
    }

    [Fact]
    public async Task Pin_OncePerEvent_WithinTheWindow_AndUnpin()
    {
        var incident = await _console.OpenAsync();
        var pinned = (await Service.PinAsync(incident.Id, PinnedKind.Resets, null, T0 - 60_000, "200 resets a second", Ada, Ct)).Incident!;
        var one = Assert.Single(pinned.Events);
        Assert.Equal((PinnedKind.Resets, T0 - 60_000, "200 resets a second", "ada", T0), (one.Kind, one.AtMs, one.Text, one.PinnedBy, one.PinnedMs));
        Assert.Equal(IncidentCodes.Unchanged, (await Service.PinAsync(incident.Id, PinnedKind.Resets, null, T0 - 60_000, "200 resets a second", Ada, Ct)).Refusal!.Code);
        Assert.Equal(IncidentCodes.InvalidWindow, (await Service.PinAsync(incident.Id, PinnedKind.Other, null, T0 - 700_000, "before it", Ada, Ct)).Refusal!.Code);
        Assert.Equal(IncidentCodes.NotFound, (await Service.UnpinAsync(incident.Id, one.Id + 1, Ada, Ct)).Refusal!.Code);
        Assert.Empty((await Service.UnpinAsync(incident.Id, one.Id, Ada, Ct)).Incident!.Events);
        Assert.Equal(["incident.opened", "incident.pinned", "incident.unpinned"], (await _console.RowsAsync(incident.Id)).Select(row => row.What));
    }

    [Fact]
    public async Task Participant_IsAPersonOnce()
    {
        var incident = await _console.OpenAsync();
        Assert.Equal(["ada", "Grace"], (await Service.AddParticipantAsync(incident.Id, " Grace ", Ada, Ct)).Incident!.Participants);
        Assert.Equal(IncidentCodes.Unchanged, (await Service.AddParticipantAsync(incident.Id, "ADA", Ada, Ct)).Refusal!.Code);
    }

    [Fact]
    public async Task Update_MovesThePinWithTheWindow()
    {
        var incident = await _console.OpenAsync();
        var changed = (await Service.UpdateAsync(incident.Id, "Orders and cart reset", T0 - 900_000, T0 - 60_000, Ada, Ct)).Incident!;
        Assert.Equal(("Orders and cart reset", T0 - 900_000, T0 - 60_000), (changed.Title, changed.FromMs, changed.ToMs));
        Assert.Equal((T0 - 961_000, T0 - 60_000), await PinAsync());
        Assert.Equal(IncidentCodes.Unchanged, (await Service.UpdateAsync(incident.Id, null, T0 - 900_000, T0 - 60_000, Ada, Ct)).Refusal!.Code);
        await Service.CloseAsync(incident.Id, Ada, Ct);
        Assert.Equal(IncidentCodes.InvalidWindow, (await Service.UpdateAsync(incident.Id, null, T0 - 900_000, null, Ada, Ct)).Refusal!.Code);
    }

    [Theory]
    [InlineData(-1, null)]
    [InlineData(T0 + 1, null)]
    [InlineData(T0 - 1_000, T0 - 1_000)]
    [InlineData(T0 - 1_000, T0 + 1)]
    [InlineData(T0 - Incident.MaxWindowMs - 2, T0 - 1)]
    [InlineData(T0 - Incident.MaxWindowMs - 2, null)]
    public async Task Open_ImpossibleWindow_IsRefused_AndNothingIsWritten(long fromMs, long? toMs)
    {
        var answer = await Service.OpenAsync(new IncidentRequest("title", fromMs, toMs), Ada, Ct);
        Assert.Equal((IncidentRefusalKind.Invalid, IncidentCodes.InvalidWindow), (answer.Refusal!.Kind, answer.Refusal.Code));
        Assert.Empty(await _console.Log.ReadAsync(new(), Ct));
        Assert.Empty(await _console.Store.ListAsync(10, null, Ct));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n\0")]
    [InlineData(null)]
    public async Task Texts_EmptyOrTooLong_AreRefused(string? text)
    {
        var incident = await _console.OpenAsync();
        foreach (var answer in (IncidentAnswer[])[
            await Service.NoteAsync(incident.Id, text, Ada, Ct), await Service.NoteAsync(incident.Id, new string('x', IncidentService.MaxNote + 1), Ada, Ct),
            await Service.PinAsync(incident.Id, PinnedKind.Other, null, T0, text, Ada, Ct), await Service.AddParticipantAsync(incident.Id, text, Ada, Ct),
            await Service.OpenAsync(new IncidentRequest(text ?? "", T0 - 1_000, null), Ada, Ct)])
        {
            Assert.Equal(IncidentCodes.InvalidText, answer.Refusal!.Code);
        }
    }

    [Fact]
    public async Task Viewer_ChangesNothing()
    {
        var incident = await _console.OpenAsync();
        foreach (var answer in (IncidentAnswer[])[
            await Service.OpenAsync(new IncidentRequest("x", T0 - 1_000, null), Viewer, Ct), await Service.NoteAsync(incident.Id, "x", Viewer, Ct),
            await Service.CloseAsync(incident.Id, Viewer, Ct), await Service.AddParticipantAsync(incident.Id, "x", Viewer, Ct)])
        {
            Assert.Equal((IncidentRefusalKind.Role, IncidentCodes.RoleCannotChange), (answer.Refusal!.Kind, answer.Refusal.Code));
        }

        Assert.Single(await _console.RowsAsync(incident.Id));
    }

    [Fact]
    public async Task UnknownId_IsNotFound() => Assert.Equal(
        (IncidentRefusalKind.NotFound, IncidentCodes.NotFound), (await Service.CloseAsync("inc-none", Ada, Ct)).Refusal is { } refusal ? (refusal.Kind, refusal.Code) : default);

    /// <summary>Without a row of the audit log nothing changes.</summary>
    [Fact]
    public async Task AuditUnavailable_NothingIsWritten()
    {
        var incident = await _console.OpenAsync();
        await _console.Database.ExecuteAsync("CREATE TRIGGER NoAudit BEFORE INSERT ON Audit BEGIN SELECT RAISE(ABORT, 'full'); END");
        Assert.Equal((IncidentRefusalKind.Fault, IncidentCodes.AuditUnavailable), (await Service.NoteAsync(incident.Id, "x", Ada, Ct)).Refusal is { } refusal ? (refusal.Kind, refusal.Code) : default);
        Assert.Equal(IncidentCodes.AuditUnavailable, (await Service.OpenAsync(new IncidentRequest("x", T0 - 1_000, null), Ada, Ct)).Refusal!.Code);
        Assert.Empty((await _console.Store.FindAsync(incident.Id, Ct))!.Notes);
        Assert.Single(await _console.Store.ListAsync(10, null, Ct));
    }

    [Fact]
    public async Task Open_SameSourceTwice_ReturnsTheOpenOne()
    {
        var request = new IncidentRequest("M4", T0 - 600_000, null) { Via = OpenedVia.Finding, Source = "finding-1", SourceKey = "finding-1" };
        var first = await Service.OpenAsync(request, Ada, Ct);
        var second = await Service.OpenAsync(request, Ada, Ct);
        Assert.Equal((true, false, first.Incident!.Id), (first.IsNew, second.IsNew, second.Incident!.Id));
        await Service.CloseAsync(first.Incident.Id, Ada, Ct);
        Assert.True((await Service.OpenAsync(request, Ada, Ct)).IsNew);
    }

    [Fact]
    public async Task List_NewestFirst_ContinuesWithinOneMoment()
    {
        var ids = new List<string>();
        for (int i = 0; i < 5; i++)
            ids.Add((await _console.OpenAsync(title: $"number {i}")).Id);
        var first = await _console.Store.ListAsync(2, null, Ct);
        var rest = await _console.Store.ListAsync(10, (first[^1].OpenedMs, first[^1].Id), Ct);
        Assert.Equal(ids.OrderDescending(StringComparer.Ordinal), first.Concat(rest).Select(incident => incident.Id));
    }

    private async Task<(long FromMs, long ToMs)> PinAsync()
    {
        await using var db = _console.Database.CreateDbContext();
        var pin = Assert.Single(await db.Set<PinRow>().AsNoTracking().ToListAsync(Ct));
        return (pin.FromMs, pin.ToMs);
    }
}
