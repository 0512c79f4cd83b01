using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Diagnosis.Tests;

public class ResetTallyTests
{
    private static readonly Ip Pod = Ip.Parse("10.244.1.7"), Client = Ip.Parse("10.244.2.3"), Vip = Ip.Parse("10.96.0.10");

    [Fact]
    public void ToEvidence_AResetAtBothEnds_CountsOnce()
    {
        var tally = new ResetTally(Pod);
        tally.Add(FromPod(1000, 40_001));
        tally.Add(FromPod(1001, 40_001) with { Received = true });
        tally.Add(FromPod(2000, 40_002));

        var seen = tally.ToEvidence();

        Assert.Equal(2, seen.FromBackend.Count);
        Assert.Equal([1000, 2000], seen.FromBackend.TimesMs.Order());
    }

    [Fact]
    public void ToEvidence_WhatFollowsFromAnUnNatedReset_IsCountedApart()
    {
        var tally = new ResetTally(Pod);
        tally.Add(FromClient(1000, 40_001, ResetKind.UnNated));
        tally.Add(FromClient(1000, 40_001, ResetKind.ClientAbort)); // The pod's node takes it for an abort.
        tally.Add(FromPod(1500, 40_001));

        var seen = tally.ToEvidence();

        Assert.Equal((1, 1, 0, 0), (seen.UnNated.Count, seen.FromBackendFollowing, seen.FromBackend.Count, seen.ClientAborts));
    }

    [Fact]
    public void ToEvidence_AnAnswerToAResetOfUnknownSender_IsUnclear()
    {
        var tally = new ResetTally(Pod);
        tally.Add(FromClient(1000, 40_001, ResetKind.Other) with { Received = true });
        tally.Add(FromPod(1500, 40_001));

        var seen = tally.ToEvidence("some are not traced");

        Assert.Equal((1, 1, 0), (seen.UnknownSender, seen.FromBackendUnclear, seen.FromBackend.Count));
        Assert.Equal("some are not traced", seen.Incomplete);
    }

    [Fact]
    public void ToEvidence_ResetsOfOtherPods_AreNotCounted()
    {
        var tally = new ResetTally(Ip.Parse("10.244.1.8"));
        tally.Add(FromPod(1000, 40_001));
        tally.Add(FromClient(1000, 40_001, ResetKind.UnNated));

        Assert.Equal(0, tally.ToEvidence().Total);
    }

    private static Reset FromPod(long atMs, ushort port) => new(atMs, ResetKind.FromBackend, Pod, 8080, Client, port, Vip, 80, Pod, 8080, 0, false);

    private static Reset FromClient(long atMs, ushort port, ResetKind kind) => new(atMs, kind, Client, port, Pod, 8080, Vip, 80, Pod, 8080, 0, false);
}
