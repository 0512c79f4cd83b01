using System.Buffers.Binary;
using System.Text;
using ConntrackConsole.Hosting;
using ConntrackConsole.Incidents.Files;
using ConntrackConsole.Incidents.Records;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ConntrackConsole.Tests.Incidents;

/// <summary>What people wrote about an incident is in its file, and is read without trust.</summary>
public sealed class IncidentRecordTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task File_HasWhatPeopleWrote_AndAConsoleOverItShowsIt()
    {
        using var written = await IncidentFixture.StartAsync();
        var incident = await written.OpenAsync(IncidentFixture.T0);
        await written.Service.NoteAsync(incident.Id, "Rolled back", IncidentFixture.Ada, Ct);
        await written.Service.EditNoteAsync(incident.Id, 1, "Rolled back\nat 10:05", IncidentFixture.Ada, Ct);
        await written.Service.PinAsync(incident.Id, PinnedKind.Resets, null, IncidentFixture.T0 - 1_000, "200 resets", IncidentFixture.Ada, Ct);
        await written.Service.AddParticipantAsync(incident.Id, "Grace", IncidentFixture.Ada, Ct);
        incident = (await written.Store.FindAsync(incident.Id, Ct))!;

        var read = IncidentCodec.Read(IncidentCodec.Write(new IncidentWindow(incident.FromMs, incident.ToMs!.Value, "1") { Record = incident }));

        Check(incident, read.Record!);
        var folder = Directory.CreateTempSubdirectory("cc-record-");
        try
        {
            await using var app = await IncidentConsole.BuildAsync("orders.incident", read, folder, 0, builder => builder.Logging.ClearProviders(), Ct);
            Check(incident, (await app.Services.GetRequiredService<IncidentStore>().FindAsync(incident.Id, Ct))!);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        static void Check(Incident expected, Incident actual)
        {
            Assert.Equal((expected.Id, expected.Title, expected.FromMs, expected.ToMs, expected.OpenedBy, expected.Via), (actual.Id, actual.Title, actual.FromMs, actual.ToMs, actual.OpenedBy, actual.Via));
            Assert.Equal((expected.Namespace, expected.Service, expected.ClosedMs, expected.ClosedBy), (actual.Namespace, actual.Service, actual.ClosedMs, actual.ClosedBy));
            Assert.Equal(expected.Notes.SelectMany(note => note.Versions), actual.Notes.SelectMany(note => note.Versions));
            Assert.Equal(expected.Events.Select(pinned => pinned with { Id = 0 }), actual.Events.Select(pinned => pinned with { Id = 0 }));
            Assert.Equal(["ada", "Grace"], actual.Participants);
        }
    }

    /// <summary>Each is refused as a whole: an incident without its notes would look as if there were none.</summary>
    [Theory]
    [InlineData("""{"id":"inc-1","title":"t","openedBy":"ada","via":"Manual","notes":[null]}""")]
    [InlineData("""{"id":"inc-1","title":"t","openedBy":"ada","via":"Manual","notes":[{"number":1,"versions":[]}]}""")]
    [InlineData("""{"id":"inc-1","title":"t","openedBy":"ada","via":"Manual","notes":[{"number":1,"versions":[null]}]}""")]
    [InlineData("""{"id":"inc-1","title":"t","openedBy":"ada","via":"Manual","notes":[{"number":1}]}""")]
    [InlineData("""{"id":"inc-1","title":"t","openedBy":"ada","via":"Manual","notes":[{"number":1,"versions":[{"atMs":1,"author":"a","text":"x"}]},{"number":1,"versions":[{"atMs":1,"author":"a","text":"x"}]}]}""")]
    [InlineData("""{"id":"inc-1","title":"t","openedBy":"ada","via":"Manual","notes":[{"number":1,"versions":[{"atMs":-1,"author":"a","text":"x"}]}]}""")]
    [InlineData("""{"id":"inc-1","title":"t","openedBy":"ada","via":"Manual","openedMs":9223372036854775807}""")]
    [InlineData("""{"id":"inc-1","title":"t","openedBy":"ada","via":"Manual","events":[{"kind":"7","atMs":1,"text":"x","pinnedBy":"a","pinnedMs":1}]}""")]
    [InlineData("""{"id":"inc-1","title":"t","openedBy":"ada","via":"0"}""")]
    [InlineData("""{"id":"../nodes","title":"t","openedBy":"ada","via":"Manual"}""")]
    [InlineData("""{"id":"","title":"t","openedBy":"ada","via":"Manual"}""")]
    [InlineData("""{"id":"inc-1","title":"t","openedBy":"ada","via":"Manual","participants":[null]}""")]
    [InlineData("""{"id":"inc-1","title":"t","openedBy":"ada"}""")]
    public void ImpossibleRecords_AreRefused(string record) => Assert.Equal(IncidentFileCodes.Damaged, Assert.Throws<IncidentFileException>(() => Read(record)).Code);

    [Fact]
    public void LongerThanAConsoleTakes_IsRefused()
    {
        string title = new('t', IncidentService.MaxTitle + 1);
        Assert.Throws<IncidentFileException>(() => Read($$"""{"id":"inc-1","title":"{{title}}","openedBy":"ada","via":"Manual"}"""));
        string note = new('n', IncidentService.MaxNote + 1);
        Assert.Throws<IncidentFileException>(() => Read($$"""{"id":"inc-1","title":"t","openedBy":"ada","via":"Manual","notes":[{"number":1,"versions":[{"atMs":1,"author":"a","text":"{{note}}"}]}]}"""));
    }

    /// <summary>What a console has stored it reads again: a text that it cut has a mark beyond its maximum.</summary>
    [Fact]
    public async Task CutTexts_AreReadBack()
    {
        using var written = await IncidentFixture.StartAsync();
        string name = new('n', IncidentService.MaxText + 100);
        var answer = await written.Service.OpenAsync(new IncidentRequest("Orders reset", IncidentFixture.T0 - 600_000, IncidentFixture.T0) { Namespace = name, Service = name, Source = name }, IncidentFixture.Ada, Ct);
        var incident = answer.Incident!;

        var read = IncidentCodec.Read(IncidentCodec.Write(new IncidentWindow(incident.FromMs, incident.ToMs!.Value, "1") { Record = incident })).Record!;

        Assert.Equal((incident.Namespace, incident.Service, incident.Source), (read.Namespace, read.Service, read.Source));
    }

    /// <summary>Text of a file is text: without what a terminal would take for something else.</summary>
    [Fact]
    public void ControlCharacters_AreNotTakenOver()
    {
        var record = Read("""{"id":"inc-1","title":"a\u001b[31m","openedBy":"ada\u0007","via":"Alertmanager","notes":[{"number":2,"versions":[{"atMs":1,"author":"a","text":"one\ntwo\u0000"}]}]}""");
        Assert.Equal(("a [31m", "ada", "one\ntwo"), (record.Title, record.OpenedBy, record.Notes[0].Latest.Text));
    }

    private static Incident Read(string record)
    {
        byte[] facts = Encoding.UTF8.GetBytes($$"""{"fromMs":0,"toMs":1000,"program":"1","record":{{record}}}""");
        byte[] section = [1, 0, 0, 0, 0, .. facts];
        BinaryPrimitives.WriteUInt32LittleEndian(section.AsSpan(1), (uint)facts.Length);
        return IncidentCodec.Read(IncidentFile.Pack(section)).Record!;
    }
}
