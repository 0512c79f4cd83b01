using ConntrackConsole.Audit;
using ConntrackConsole.Incidents.Records;
using ConntrackConsole.Tests.Timeline.Rollup;
using ConntrackConsole.Timeline.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;
using static ConntrackConsole.Tests.Timeline.Rollup.TimelineFixture;

namespace ConntrackConsole.Tests.Incidents;

/// <summary>Retention leaves everything of an incident's window, until someone releases it.</summary>
public sealed class PinnedWindowTests : IAsyncLifetime
{
    private static readonly HistoryRetention Keep = new(
        new(TimeSpan.FromHours(3), TimeSpan.FromHours(5), TimeSpan.FromHours(10)), new(TimeSpan.FromHours(6), TimeSpan.FromHours(12), TimeSpan.FromHours(48)),
        TimeSpan.FromHours(24), 1L << 40);

    private TimelineFixture _console = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _console = await StartAsync(Keep);
        for (int second = 1; second <= 300; second++)
            _console.Take("node1", Frame((ulong)second, T0 + (second * 1000L), second % 60 == 1, (Group, (uint)(1 + (second % 5)), 0)));
        _console.At(330_000);
        _console.Worker.RollUp(all: true);
        _console.Worker.RollUp(all: true);
        _console.CloseLevels();
        // A pod that ended an hour before the window is evidence of its diagnosis; one of the day before is not.
        foreach (var (uid, askedMs) in (((string, long)[])[("in", T0 + 150_000), ("before", T0 - 3_600_000), ("old", T0 - 86_400_000)]))
        {
            await _console.Database.ExecuteAsync(
                $"INSERT INTO Terminations (Uid, Namespace, Pod, PodIp, Node, AskedMs, Cause, HasPreStop) VALUES ('{uid}', 'shop', '{uid}', '10.1.0.5', 'node1', {askedMs}, 0, 0)");
        }
    }

    public ValueTask DisposeAsync()
    {
        _console.Dispose();
        return default;
    }

    [Fact]
    public async Task Retention_KeepsFramesBlocksTerminationsAndAudit_UntilItIsReleased()
    {
        using var audit = new AuditLog(_console.Database, _console.Clock);
        using var incidents = new IncidentService(
            new IncidentStore(_console.Database, _console.Clock), audit, _console.Clock, NullLogger<IncidentService>.Instance);
        var opened = await incidents.OpenAsync(new IncidentRequest("Orders reset", T0 + 121_500, T0 + 179_000), IncidentFixture.Ada, Ct);
        Assert.Null(opened.Refusal);

        using var frames = new FrameArchive(_console.Database, new FrameRetention(TimeSpan.FromMinutes(1), 1L << 40), _console.Clock);
        Expire(frames);
        // The minute before the window is kept too: its key frame has the table. Frames are deleted by the minute.
        Assert.Equal(Enumerable.Range(61, 120).Select(second => T0 + (second * 1000L)), frames.Read("node1", 0).Select(frame => frame.AtMs));
        int[] entries = Assert.Single(Assert.Single((await _console.QueryAsync(120_000, 180_000, 60)).Services).Backends).Entries;
        Assert.DoesNotContain(-1, entries);
        Assert.Equal(2, _console.Blocks.Rows.Number("SELECT COUNT(*) FROM Terminations WHERE Uid IN ('in', 'before')"));
        Assert.Equal(0, _console.Blocks.Rows.Number("SELECT COUNT(*) FROM Terminations WHERE Uid = 'old'"));
        Assert.Equal("incident.opened", Assert.Single(await audit.ReadAsync(new AuditFilter(), Ct)).What);

        await incidents.CloseAsync(opened.Incident!.Id, IncidentFixture.Ada, Ct);
        Assert.Null((await incidents.ReleaseAsync(opened.Incident.Id, IncidentFixture.Ada, Ct)).Refusal);
        Expire(frames);
        Assert.Empty(frames.Read("node1", 0));
        Assert.Equal(0, _console.Blocks.Rows.Number("SELECT COUNT(*) FROM Terminations"));
        Assert.Equal(3, (await audit.ReadAsync(new AuditFilter(), Ct)).Count);
    }

    private void Expire(FrameArchive frames)
    {
        _console.At(1_000 * 3_600_000L);
        for (int i = 0; i < 80; i++)
            _console.Retention.Portion();
        frames.Trim(rolledUpToId: 300);
    }
}
