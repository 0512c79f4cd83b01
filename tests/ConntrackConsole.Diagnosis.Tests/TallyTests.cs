using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Diagnosis.Tests;

public class TallyTests
{
    private static readonly Ip Pod = Ip.Parse("10.244.1.7"), Client = Ip.Parse("10.244.2.3"), Vip = Ip.Parse("10.96.0.10");

    [Fact]
    public void Notes_AreCountedByKindAndCause_OfTheirPodOnly()
    {
        var tally = new NoteTally(Pod);
        tally.Add(Note(1000, FlowNoteKind.Lost, LossCause.Timeout));
        tally.Add(Note(2000, FlowNoteKind.Lost, LossCause.Timeout));
        tally.Add(Note(3000, FlowNoteKind.Lost, LossCause.Kernel));
        tally.Add(Note(4000, FlowNoteKind.MidStream, LossCause.None));
        tally.Add(new FlowNote(5000, FlowNoteKind.UnNated, LossCause.None, Pod, 8080, Client, 40_001, Client, 40_001, 0));
        tally.Add(Note(6000, FlowNoteKind.Lost, LossCause.Kernel) with { Backend = Ip.Parse("10.244.1.8") });

        var seen = tally.ToEvidence();

        Assert.Equal((2, 1, 3, 1, 1), (seen.LostFor(LossCause.Timeout), seen.LostFor(LossCause.Kernel), seen.LostTotal, seen.MidStream.Count, seen.UnNated.Count));
        Assert.Equal(1000, seen.Lost[LossCause.Timeout].FirstMs);
    }

    [Fact]
    public void Lookups_WithoutAnAnswerForTenSeconds_AreStuck()
    {
        var tally = new LookupTally();
        tally.Add(0, Look(unacknowledged: 6, idle: 2, alive: 0));
        tally.Add(4000, Look(unacknowledged: 5, idle: 2, alive: 0));
        tally.Add(5000, Look(unacknowledged: 6, idle: 2, alive: 0));
        Assert.Equal(0, tally.ToEvidence(9000).Value!.Stuck);

        var seen = tally.ToEvidence(10_000).Value!;

        Assert.Equal((9, 6, 5, 0, 2, 10), (seen.Established, seen.Waiting, seen.Stuck, seen.Answered, seen.Idle, seen.Seconds));
    }

    /// <summary>Clients notice one after the other: those that began to wait later are stuck ten seconds later.</summary>
    [Fact]
    public void Lookups_ThatWaitLater_BecomeStuckToo()
    {
        var tally = new LookupTally();
        tally.Add(0, Look(unacknowledged: 4, idle: 2, alive: 0));
        tally.Add(5_000, Look(unacknowledged: 6, idle: 0, alive: 0));
        Assert.Equal((4, 4, 6), (tally.ToEvidence(10_000).Value!.Stuck, tally.ToEvidence(14_999).Value!.Stuck, tally.ToEvidence(15_000).Value!.Stuck));
    }

    [Fact]
    public void Lookups_WithAnAnswer_StartAgain_AndRememberIt()
    {
        var tally = new LookupTally();
        for (int second = 0; second <= 15; second++)
            tally.Add(second * 1000, Look(unacknowledged: 6, idle: 1, alive: second == 8 ? 1u : 0u));

        var seen = tally.ToEvidence(15_000).Value!;

        Assert.Equal((0, 1, 1), (seen.Stuck, seen.Answered, seen.Cut));
    }

    [Fact]
    public void Lookups_ThatNeverHappened_AreMissing() => Assert.NotNull(new LookupTally().ToEvidence(0).MissingBecause);

    private static WatchedAddress Look(uint unacknowledged, uint idle, uint alive) => new(Pod, 9, 8, unacknowledged, idle, alive);

    private static FlowNote Note(long atMs, FlowNoteKind kind, LossCause cause) => new(atMs, kind, cause, Client, 40_001, Vip, 80, Pod, 8080, 0);
}
