using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Diagnosis.Tests.Cases;

namespace ConntrackConsole.Diagnosis.Tests;

/// <summary>Each rule: true, near miss, healthy look-alike.</summary>
public class RuleTests
{
    public static TheoryData<string> TrueNames => [.. Cases.All.Select(one => one.Name)];

    public static TheoryData<string> NearMissNames => [.. NearMisses.Keys];

    public static TheoryData<string> HealthyNames => [.. Healthy.Keys];

    [Theory]
    [MemberData(nameof(TrueNames))]
    public void Run_TrueCase_NamesItAlone(string name)
    {
        var (_, code, seen) = Cases.All.Single(one => one.Name == name);

        var report = DiagnosisEngine.Run(seen);

        var finding = Assert.Single(report.Findings);
        Assert.Equal(code, finding.Mechanism.Code);
        Assert.True(finding.Evidence.Select(item => item.Class).Distinct().Count() >= 2);
        Assert.NotEqual(Confidence.Measured, finding.Confidence);
        Assert.NotEmpty(finding.RefutedBy);
        Assert.NotEmpty(finding.Helps);
        Assert.NotEmpty(finding.Remedies);
        Assert.True(finding.Explains.Count <= finding.Explains.Whole);
        Assert.Equal(0, report.UnexplainedResets);
        Assert.DoesNotContain(report.Missing, missing => missing.Kind == MissingKind.Source || missing.Mechanisms.Contains(finding.Mechanism.Id, StringComparison.Ordinal));
    }

    [Fact]
    public void Run_ResetsLongAfterThePodsEnd_AreItsSuccessorsThoughNotYetReported()
    {
        var report = DiagnosisEngine.Run(Calm with
        {
            Resets = Resets with { FromBackend = Occurrences.At(T + 6_000, T + 20_000) }, Entries = Entries with { OlderThanOwner = 2 },
            Lifecycle = Life with { DeletionRequestedMs = T, FinishedMs = T + 1_000, ExitCode = 0, NewOwner = new AddressOwner("shop/cart-2", T + 10_000, true) },
        });

        var finding = Assert.Single(report.Findings);
        Assert.Equal((MechanismCodes.AddressReused, 2), (finding.Mechanism.Code, finding.Explains.Count));
    }

    /// <summary>A successor is reported only after it answers: within the second of the former pod's end a reset or refusal may be its own.</summary>
    [Theory]
    [InlineData(1_500, 2_900, false, false)]
    [InlineData(1_500, 2_900, true, true)]
    [InlineData(1_500, 3_600, false, true)]
    [InlineData(900, 1_600, false, true)]
    public void Run_WithinTheSecondOfThePodsEnd_NamesItOnlyWhenASuccessorWouldBeReported(int atMs, int nowMs, bool noSuccessor, bool isNamed)
    {
        var seen = Calm with { Window = new ObservationWindow(T - 10_000, T + nowMs), Lifecycle = Ended with { DeletionRequestedMs = T, FinishedMs = T + 1_000, ExitCode = 0, NoSuccessor = noSuccessor } };
        foreach (var (resets, code) in ((ResetEvidence, string)[])[(Resets with { FromBackend = Occurrences.At(T + atMs) }, MechanismCodes.NoDrain), (Resets with { RefusedSyns = Occurrences.At(T + atMs) }, MechanismCodes.RefusedWhileListed)])
        {
            var report = DiagnosisEngine.Run(seen with { Resets = resets });
            Assert.Equal(isNamed ? [code] : [], report.Findings.Select(finding => finding.Mechanism.Code));
            Assert.Equal(!isNamed, report.Missing.Any(missing => missing.What.Contains("another pod may have its address", StringComparison.Ordinal)));
        }
    }

    /// <summary>
    /// A listener that is closed resets the connections that it had not accepted yet: of a pod that goes on with its others that is no missing drain.
    /// When the process ends, or resets more than its listener can have had, it is.
    /// </summary>
    [Theory]
    [InlineData(1, 4, null, false)]
    [InlineData(1, 4, 8_000, false)]
    [InlineData(1, 4, 900, true)] // The process ended.
    [InlineData(4, 4, null, true)]
    [InlineData(4, 1, null, true)]
    public void Run_ResetsWhenTheListenerIsClosed_AreOfItsBacklog(int resets, int refusals, int? finishedMs, bool isNamed)
    {
        var seen = Calm with
        {
            Resets = Resets with
            {
                FromBackend = Occurrences.At([.. Enumerable.Range(0, resets).Select(i => T + 400 + (i * 10L))]),
                RefusedSyns = Occurrences.At([.. Enumerable.Range(0, refusals).Select(i => T + 450 + (i * 200L))]),
            },
            Lifecycle = Life with { DeletionRequestedMs = T, GraceSeconds = 30, FinishedMs = T + finishedMs, EndpointRemovedMs = T + 10_000 },
        };

        Assert.Equal(isNamed ? [MechanismCodes.NoDrain, MechanismCodes.RefusedWhileListed] : [MechanismCodes.RefusedWhileListed], Codes(seen));
        Assert.Equal(isNamed, !DiagnosisEngine.Run(seen).Missing.Any(missing => missing.What.Contains("had not accepted", StringComparison.Ordinal)));
    }

    /// <summary>Resets at another time than the refusals are not of the listener.</summary>
    [Theory]
    [InlineData(-1_500)]
    [InlineData(2_500)]
    public void Run_ResetsLongBeforeOrAfterTheListenerIsClosed_AreAMissingDrain(int offsetMs)
    {
        var seen = Calm with
        {
            Resets = Resets with { FromBackend = Occurrences.At(T + 3_000 + offsetMs), RefusedSyns = Occurrences.At(T + 3_000, T + 3_200, T + 3_400) },
            Lifecycle = Life with { DeletionRequestedMs = T, GraceSeconds = 30, EndpointRemovedMs = T + 10_000 },
        };

        Assert.Equal([MechanismCodes.NoDrain, MechanismCodes.RefusedWhileListed], Codes(seen));
    }

    [Fact]
    public void Run_DeletionsLedToResetsOfBothKinds_NamesBoth()
    {
        var report = DiagnosisEngine.Run(Calm with
        {
            Resets = Resets with { UnNated = 3, NewBackend = 3 }, Entries = Entries with { UnNated = 3, MidStream = 3, Lost = Lost(LossCause.OwnDelete, 2) },
        });

        Assert.Equal([MechanismCodes.EntryLost, MechanismCodes.Rebalanced], report.Findings.Select(finding => finding.Mechanism.Code).Order(StringComparer.Ordinal));
        Assert.All(report.Findings, finding => Assert.Equal(3, finding.Explains.Count));
        Assert.Equal(0, report.UnexplainedResets);
    }

    [Theory]
    [InlineData(5, 0)]
    [InlineData(5, 3)]
    [InlineData(2, 6)]
    public void Run_ExpiriesBesideLossesOfUnknownCause_NameNoDeletion(int expired, int unknown)
    {
        var report = DiagnosisEngine.Run(Calm with
        {
            Resets = Resets with { UnNated = 8, NewBackend = 2 },
            Entries = Entries with { UnNated = 8, MidStream = 2, Lost = Lost(LossCause.Timeout, expired, LossCause.None, unknown) },
        });

        Assert.Equal([MechanismCodes.IdleExpiry], report.Findings.Select(finding => finding.Mechanism.Code));
        Assert.Contains(report.Missing, missing => missing.Mechanisms == "M2 or M10");
    }

    [Fact]
    public void TrueCases_CoverTheCatalogue() =>
        // M3 without a kind is what a node without the cluster names.
        Assert.Equal(
            MechanismCatalog.All.Where(mechanism => !mechanism.IsWarning && mechanism.Code != MechanismCodes.ClosedTooEarly).Select(mechanism => mechanism.Code),
            MechanismCatalog.All.Select(mechanism => mechanism.Code).Where(True.ContainsKey));

    // Something points to a mechanism, but not enough: a part of what is missing.
    internal static readonly Dictionary<string, (Evidence Seen, string Missing)> NearMisses = new()
    {
        ["un-NATed resets, the counter stands still"] = (Calm with { Resets = Resets with { UnNated = 3 } }, "the counter did not increase"),
        ["un-NATed resets under be_liberal"] = (Calm with { Resets = Resets with { UnNated = 3 }, Counters = NodeCounters with { Invalid = 6 }, Settings = Settings with { BeLiberal = true } }, "be_liberal=1"),
        ["un-NATed resets and lost events"] = (True[MechanismCodes.InvalidUntranslated] with { Gaps = [new Gap(GapKind.EventsLost, T, T + 1, 5)] }, "which decides between M1, M2 and M10"),
        ["un-NATed resets beside lost entries, tcp_loose unknown"] = (
            Calm with { Resets = Resets with { UnNated = 3 }, Entries = Entries with { Lost = Lost(LossCause.OwnDelete, 3) }, Counters = NodeCounters with { Invalid = 6 }, Settings = Settings with { Loose = null } },
            "followed from that"),
        ["un-NATed resets beside deleted entries, none created again"] = (
            Calm with { Resets = Resets with { UnNated = 3 }, Entries = Entries with { Lost = Lost(LossCause.OwnDelete, 3) }, Counters = NodeCounters with { Invalid = 6 } }, "followed from that"),
        ["an entry was lost, and its end was not observed"] = (Calm with { Resets = Resets with { UnNated = 3 }, Entries = Entries with { UnNated = 3 } }, "why entries were destroyed before 3 resets"),
        ["entries were lost for an unknown cause"] = (Calm with { Resets = Resets with { UnNated = 3 }, Entries = Entries with { UnNated = 3, Lost = Lost(LossCause.None, 3) } }, "why entries were destroyed before 3 resets"),
        ["connections moved for an unknown cause"] = (
            Calm with { Resets = Resets with { NewBackend = 2 }, Entries = Entries with { MidStream = 2, Lost = Lost(LossCause.None, 2) } }, "why entries were destroyed before 2 resets"),
        ["a new backend without an entry"] = (Calm with { Resets = Resets with { NewBackend = 2 } }, "mid-stream entry"),
        ["resets by a pod that crashed"] = (Calm with { Resets = Resets with { FromBackend = 2 }, Lifecycle = Life with { FinishedMs = T, ExitCode = 139 } }, "a crash or a restart"),
        ["resets between a pod's end and the report of its successor"] = (
            Calm with
            {
                Resets = Resets with { FromBackend = Occurrences.At(T + 2_500, T + 3_000) }, Entries = Entries with { OlderThanOwner = 2 },
                Lifecycle = Life with { DeletionRequestedMs = T, FinishedMs = T + 1_000, ExitCode = 0, NewOwner = new AddressOwner("shop/cart-2", T + 3_500, true) },
            }, "which pod sent 2 resets"),
        ["resets without times around a change of owner"] = (
            Calm with { Resets = Resets with { FromBackend = 2 }, Lifecycle = Life with { DeletionRequestedMs = T, NewOwner = new AddressOwner("shop/cart-2", T + 10_000, true) } }, "the times of resets"),
        ["resets by a new owner of unknown start"] = (Calm with { Resets = Resets with { FromBackend = 2 }, Lifecycle = Life with { NewOwner = new AddressOwner("shop/cart-2", null, true) } }, "M3 and M5"),
        ["resets by a new owner, age of entries unknown"] = (
            Calm with { Resets = Resets with { FromBackend = Occurrences.At(T + 11_000) }, Lifecycle = Life with { NewOwner = new AddressOwner("shop/cart-2", T + 10_000, true) } }, "the age of the entries"),
        ["refusals after a pod's end, while its successor has the address"] = (
            Calm with
            {
                Resets = Resets with { RefusedSyns = Occurrences.At(T + 2_500) },
                Lifecycle = Life with { DeletionRequestedMs = T, FinishedMs = T + 1_000, ExitCode = 0, NewOwner = new AddressOwner("shop/other", T + 3_500, false) },
            }, "which pod refused 1 connections"),
        ["refusals without times"] = (Calm with { Resets = Resets with { RefusedSyns = 2 }, Lifecycle = Ended with { DeletionRequestedMs = T } }, "the times of refusals"),
        ["a live pod that stalls"] = (Calm with { Lookups = Hung, Traffic = Silent }, "may only stall"),
        ["few of the entries in use wait"] = (Calm with { Lookups = Lookups with { Answered = 0, Idle = 0, Stuck = 4 }, Traffic = Silent, Lifecycle = Ended }, "less than half"),
        ["entries wait, for too short a time"] = (Calm with { Lookups = Lookups with { Answered = 0, Waiting = 6, Seconds = 3 }, Traffic = Silent, Lifecycle = Ended }, "wait for an answer"),
        ["a node fell silent, and a single pod of it stalls"] = (Calm with { Lookups = BackingOff, Traffic = Silent, Lifecycle = Life with { Silence = Silence with { Pods = 1 } } }, "wait for an answer"),
        ["a node fell silent, and clients of one other node only see it"] = (Calm with { Lookups = BackingOff, Traffic = Silent, Lifecycle = Life with { Silence = Silence with { Observers = 1 } } }, "wait for an answer"),
        ["a node fell silent, and another pod of it answers"] = (Calm with { Lookups = BackingOff, Traffic = Silent, Lifecycle = Life with { Silence = Silence with { Answering = 1 } } }, "wait for an answer"),
        ["a node fell silent, and the pod's own entries are streams"] = (Calm with { Lookups = BackingOff with { BackingOff = 0 }, Traffic = Silent, Lifecycle = Life with { Silence = Silence } }, "wait for an answer"),
        ["a node fell silent, and few of the entries in use back off"] = (Calm with { Lookups = BackingOff with { BackingOff = 3 }, Traffic = Silent, Lifecycle = Life with { Silence = Silence } }, "less than half"),
        ["a node reports, and entries to a pod of it back off"] = (Calm with { Lookups = BackingOff, Traffic = Silent }, "wait for an answer"),
        ["connections to an owner of unknown Services"] = (Calm with { Entries = Entries with { EstablishedWithOwner = 2 }, Lifecycle = Life with { NewOwner = new AddressOwner("other/job-1", T, null) } }, "is in the Service"),
        ["no endpoint, and attempts are not observed"] = (Calm with { Traffic = Traffic with { Refused = null }, Lifecycle = Life with { ReadyEndpoints = 0 } }, "whether clients were refused"),
        ["IPVS keeps connections, the switch is unknown"] = (Calm with { Ipvs = Ipvs(2, 0, null, 0) }, "expire_nodest_conn"),
        ["no entry of a Service while events were lost"] = (True[MechanismCodes.Bypassed] with { Gaps = [new Gap(GapKind.DumpOnly, T, T + 1, 0)] }, "a complete table"),
        ["failed insertions without random ports, delays unknown"] = (
            Calm with { Counters = NodeCounters with { InsertFailed = 7 }, Traffic = Traffic with { DelayedByFailedInsertions = null }, Settings = Settings with { RandomFully = false } }, "whether connections are delayed"),
    };

    [Theory]
    [MemberData(nameof(NearMissNames))]
    public void Run_NearMiss_IsInsufficient(string name)
    {
        var report = DiagnosisEngine.Run(NearMisses[name].Seen);

        Assert.Empty(report.Findings);
        Assert.Contains(report.Missing, missing => missing.Kind != MissingKind.Source && missing.What.Contains(NearMisses[name].Missing, StringComparison.Ordinal));
    }

    internal static readonly Dictionary<string, Evidence> Healthy = new()
    {
        ["calm"] = Calm,
        ["a graceful rollout"] = Calm with { Lifecycle = Ended with { DeletionRequestedMs = T, GraceSeconds = 30, FinishedMs = T + 12_000, ExitCode = 0, EndpointRemovedMs = T + 12_100, DeletedMs = T + 12_500 } },
        ["client aborts"] = Calm with { Resets = Resets with { ClientAborts = 90 }, Entries = Entries with { ClosedByReset = 90 } },
        ["a port scan of a live pod"] = Calm with { Resets = Resets with { RefusedSyns = 500 } },
        ["a server that resets on purpose"] = Calm with { Resets = Resets with { FromBackend = 20 }, Entries = Entries with { ClosedByReset = 20 } },
        ["refusals after the endpoint was removed, within a sync"] = Calm with { Entries = Entries with { NewAfterRemoval = Occurrences.At(T + 5_500) }, Lifecycle = Ended with { EndpointRemovedMs = T + 5_000 } },
        ["closing entries and resets without a Service"] = Calm with { Resets = Resets with { Other = 400 } },
        ["repeated SYNs beside failed insertions of another time"] = Calm with { Counters = NodeCounters with { InsertFailed = 50 }, Traffic = Traffic with { DelayedConnects = 9 } },
        ["short connections at a high rate: races of insertion"] = Calm with { Counters = NodeCounters with { InsertFailed = 50, ClashResolve = 50 } },
        ["INVALID packets alone"] = Calm with { Counters = NodeCounters with { Invalid = 50 } },
        ["a few packets dropped by kube-proxy"] = Calm with { Proxy = Proxy with { InvalidDropped = 3 } },
        ["a pod of the host's network, gone"] = Calm with { Lookups = Lookups with { Answered = 0, Idle = 10 }, Lifecycle = Life with { HostNetwork = true, HasLiveOwner = false } },
        ["idle pooled connections to a pod that is gone"] = Calm with { Lookups = Lookups with { Answered = 0, Idle = 10 }, Traffic = Traffic with { Packets = (0, 0) }, Lifecycle = Ended },
        ["entries that a stray reset cut"] = Calm with { Lookups = Lookups with { Answered = 0, Idle = 2, Cut = 8 }, Traffic = Traffic with { Packets = (0, 0) }, Lifecycle = Ended, Route = DeadRoute },
        ["a Service scaled to zero without clients"] = Calm with { Lifecycle = Life with { ReadyEndpoints = 0, ScaledToZero = true } },
        ["clients refused before, none since"] = Calm with { Traffic = Traffic with { Refused = Occurrences.At(T - 500) }, Lifecycle = Life with { ReadyEndpoints = 0, NoEndpointSinceMs = T } },
        ["busy: half of the entries wait at any moment"] = Calm with { Lookups = Lookups with { Established = 100, Waiting = 50, Answered = 100, Idle = 0 } },
        ["an expiry that broke nothing"] = Calm with { Entries = Entries with { Lost = Lost(LossCause.Timeout, 30) } },
        ["a flush that broke nothing"] = Calm with { Entries = Entries with { Lost = Lost(LossCause.OwnDelete, 30) } },
        ["a new owner in the Service"] = Calm with { Entries = Entries with { EstablishedWithOwner = 5 }, Lifecycle = Life with { NewOwner = new AddressOwner("shop/cart-2", T, true) } },
        ["resets by a new owner of its own connections"] = Calm with
        {
            Resets = Resets with { FromBackend = Occurrences.At(T + 41_000) }, Entries = Entries with { OlderThanOwner = 0 }, Lifecycle = Life with { NewOwner = new AddressOwner("shop/cart-2", T + 40_000, true) },
        },
        ["a live pod with a full backlog"] = Calm with { Entries = Entries with { SynSentReused = 5 }, Traffic = Silent },
        ["datagrams without answers to a live pod"] = Calm with { Entries = Entries with { RefreshedUdp = 3 }, Traffic = Silent },
        ["IPVS: a server of weight 0 drains"] = Calm with { Ipvs = Ipvs(0, 4, true, 1) },
        ["a node without traffic"] = Calm with { Entries = Entries with { OfAnyService = 0 } },
    };

    [Theory]
    [MemberData(nameof(HealthyNames))]
    public void Run_HealthyLookAlike_FindsNothing(string name)
    {
        var report = DiagnosisEngine.Run(Healthy[name]);

        Assert.Empty(report.Findings);
        Assert.Empty(report.Missing);
    }

    // The only evidence that refutes and that most observers do not have: without it look-ups and owner decide.
    [Fact]
    public void Run_PacketsFromAnAddress_RefuteWhatNeedsSilence()
    {
        foreach (string code in (string[])[MechanismCodes.BlackHole, MechanismCodes.SynReuse, MechanismCodes.UdpDeadBackend])
            Assert.Empty(DiagnosisEngine.Run(True[code] with { Traffic = Traffic with { Packets = (1, 50) } }).Findings);
    }

    [Fact]
    public void Run_OneNodeWithoutTheCluster_NamesM3WithItsRefutation()
    {
        var seen = True[MechanismCodes.NoDrain] with { Scope = EvidenceScope.Node, Lifecycle = Source<LifecycleEvidence>.Missing("no cluster") };

        var finding = Assert.Single(DiagnosisEngine.Run(seen).Findings);

        Assert.Equal(MechanismCodes.ClosedTooEarly, finding.Mechanism.Code);
        Assert.Contains("M5", finding.RefutedBy, StringComparison.Ordinal);
        Assert.Empty(DiagnosisEngine.Run(seen with { Scope = EvidenceScope.Cluster }).Findings);
    }

    [Fact]
    public void Run_MeasuredDrain_GivesTheNumbers()
    {
        var drained = True[MechanismCodes.NoDrain] with { Lifecycle = True[MechanismCodes.NoDrain].Lifecycle.Value! with { LastPacketP99Seconds = 11.2 } };
        var killed = True[MechanismCodes.GraceTooShort] with { Lifecycle = True[MechanismCodes.GraceTooShort].Lifecycle.Value! with { LastPacketP99Seconds = 29.1 } };

        var early = Assert.Single(DiagnosisEngine.Run(drained).Findings);
        var late = Assert.Single(DiagnosisEngine.Run(killed).Findings);

        Assert.Contains(new Remedy(RemedyAction.SetPreStop, Seconds: 12), early.Remedies);
        Assert.Contains(new Remedy(RemedyAction.SetGrace, Seconds: 30), early.Remedies); // The present one suffices.
        Assert.Contains(new Remedy(RemedyAction.SetGrace, Seconds: 40), late.Remedies);
        Assert.Contains("sleeps 12 s", early.Helps, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_DeadRouteToALivePod_DoesNotAdviseAFlush()
    {
        var finding = Assert.Single(DiagnosisEngine.Run(Calm with { Lookups = Hung, Traffic = Silent, Route = DeadRoute }).Findings);

        Assert.Equal(MechanismCodes.BlackHole, finding.Mechanism.Code);
        Assert.DoesNotContain(finding.Remedies, remedy => remedy.Action == RemedyAction.FlushPodIp);
        Assert.Contains(finding.Harmful, harmful => harmful.Action == RemedyAction.FlushPodIp && harmful.Why.Contains("the pod is alive", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_SilentNode_NamesItsEvidence_AndDoesNotAdviseAFlush()
    {
        var finding = Assert.Single(DiagnosisEngine.Run(Calm with { Lookups = BackingOff, Traffic = Traffic with { Packets = null }, Lifecycle = Life with { Silence = Silence } }).Findings);

        Assert.Equal((6, Confidence.Moderate), (finding.Explains.Count, finding.Confidence));
        Assert.Contains(finding.Evidence, item => item.Class == EvidenceClass.Lifecycle && item.AtMs == T && item.Sentence.StartsWith("node2, the node of the pod, fell silent", StringComparison.Ordinal));
        Assert.Contains(finding.Evidence, item => item.Class == EvidenceClass.EntryTransition && item.Sentence.Contains("6 of 10 ESTABLISHED entries wait", StringComparison.Ordinal));
        Assert.Equal(RemedyAction.RepairNode, Assert.Single(finding.Remedies).Action);
        Assert.Equal(RemedyAction.FlushPodIp, Assert.Single(finding.Harmful).Action);
    }

    /// <summary>The control plane's word is the stronger evidence: what follows from it stays as it is.</summary>
    [Fact]
    public void Run_SilentNodeThatTheControlPlaneCallsLost_AdvisesTheFlush()
    {
        var finding = Assert.Single(DiagnosisEngine.Run(Calm with { Lookups = BackingOff, Traffic = Silent, Lifecycle = Ended with { NodeLost = true, Silence = Silence } }).Findings);

        Assert.Equal(RemedyAction.FlushPodIp, Assert.Single(finding.Remedies).Action);
        Assert.DoesNotContain(finding.Evidence, item => item.Sentence.Contains("fell silent", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null, RemedyAction.FlushPodIp)]
    [InlineData(true, RemedyAction.FlushPodIp)]
    [InlineData(false, RemedyAction.None)]
    public void Run_BlackHole_AdvisesAFlushOnlyIfItHelps(bool? loose, object action)
    {
        var finding = Assert.Single(DiagnosisEngine.Run(True[MechanismCodes.BlackHole] with { Settings = Settings with { Loose = loose } }).Findings);

        Assert.Equal((RemedyAction)action, Assert.Single(finding.Remedies).Action);
    }

    [Fact]
    public void Run_Warnings_AreNoFindings()
    {
        var report = DiagnosisEngine.Run(Calm with
        {
            Counters = NodeCounters with { Count = 760, EarlyDrop = 2 },
            Proxy = Proxy with { SyncFailures = 3, ReportsLag = true, Nodes = ["node1"] },
        });

        Assert.Empty(report.Findings);
        Assert.Equal(
            [MechanismCodes.TablePressure, MechanismCodes.EarlyDrop, MechanismCodes.ProxyLag, MechanismCodes.ProxyFailure], report.Warnings.Select(warning => warning.Mechanism.Code));
        Assert.All(report.Warnings, warning => Assert.Equal(Confidence.Measured, warning.Confidence));
    }

    [Fact]
    public void Confidence_FollowsTheClasses_AndGapsWeakenIt()
    {
        var three = True[MechanismCodes.NoDrain];
        var gap = three with { Gaps = [new Gap(GapKind.ResetsLost, T, T + 1, 0)] };

        Assert.Equal(Confidence.High, Assert.Single(DiagnosisEngine.Run(three).Findings).Confidence);
        Assert.Equal(Confidence.Moderate, Assert.Single(DiagnosisEngine.Run(True[MechanismCodes.NoEndpoints]).Findings).Confidence);
        var weakened = Assert.Single(DiagnosisEngine.Run(True[MechanismCodes.EntryLost] with { Gaps = gap.Gaps }).Findings);
        Assert.Equal(Confidence.Moderate, weakened.Confidence);
        Assert.Equal(gap.Gaps, weakened.Gaps);
    }
}
