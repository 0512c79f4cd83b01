using System.Collections.Immutable;
using ConntrackConsole.Checks;
using ConntrackConsole.Checks.Model;
using ConntrackConsole.Checks.Service;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Tests.Cluster;
using Xunit;
using static ConntrackConsole.Tests.Checks.CheckContexts;

namespace ConntrackConsole.Tests.Checks;

public class ServiceCheckTests
{
    private static readonly NodeCheckContext Here = Node(Facts());

    [Theory]
    [InlineData(0, 0, 0, CheckState.Ok)]
    [InlineData(3, 0, 30_000, CheckState.Warning)]
    [InlineData(3, 0, 30_001, CheckState.Bad)]
    [InlineData(0, 1, 0, CheckState.Bad)]
    public void Stale_RecentOrOld(int stale, int reassigned, long forMs, CheckState expected)
    {
        long? since = stale + reassigned > 0 ? NowMs - forMs : null;
        var service = Service(Pod("a")) with { Entries = new ServiceEntries(stale, reassigned, since, [Ip.Parse("10.1.0.9")], ["node1"]) };

        var result = StaleEntries.Of(Context(Here), service);

        Assert.Equal((expected, since), (result.State, result.SinceMs));
        if (stale > 0)
            Assert.Equal("conntrack -L -r 10.1.0.9", result.Commands[0]);
    }

    [Fact]
    public void OnlyTheKubeletIsKnownToBeDead_IsUnknownNotOk()
    {
        var pod = Ip.Parse("10.1.0.9");
        var service = Service(Pod("a")) with { Entries = ServiceEntries.None with { Unproven = 3, UnprovenBackends = [pod] } };
        var result = StaleEntries.Of(Context(Here), service);
        Assert.Equal((CheckState.InsufficientData, UnknownCodes.OwnerUnproven), (result.State, result.UnknownCode));
        Assert.Contains("3 entries to 10.1.0.9", result.Sentence, StringComparison.Ordinal);
    }

    // The address of the Service stands among the backends: no pod ever owned it, and its flush needs another scope.
    [Fact]
    public void StaleAndUntranslated_EachAddressIsNamedOnce()
    {
        var service = Service(Pod("a"));
        var own = service.Info.ClusterIps[0];
        var entries = new ServiceEntries(2, 0, NowMs - 60_000, [Ip.Parse("10.1.0.9"), own], ["node1"]) { Untranslated = 4 };
        string sentence = StaleEntries.Of(Context(Here), service with { Entries = entries }).Sentence;

        Assert.Contains("wait for 10.1.0.9, which no live pod", sentence, StringComparison.Ordinal);
        Assert.Equal(2, sentence.Split(own.ToString()).Length);
    }

    [Theory]
    [InlineData(0, 0, CheckState.Warning, "4 untranslated")]
    [InlineData(0, 60_000, CheckState.Bad, "4 untranslated")]
    [InlineData(2, 60_000, CheckState.Bad, "2 stale, 4 untranslated")]
    public void Untranslated_IsNotCalm_AndHasTheAddress(int stale, long forMs, CheckState expected, string value)
    {
        var service = Service(Pod("a"));
        var own = service.Info.ClusterIps[0];
        var result = StaleEntries.Of(Context(Here), service with { Entries = new ServiceEntries(stale, 0, NowMs - forMs, [own], ["node1"]) { Untranslated = 4 } });

        Assert.Equal((expected, value), (result.State, result.Value));
        Assert.Contains($"send to {own} without translation", result.Sentence, StringComparison.Ordinal);
        Assert.Contains($"conntrack -L -r {own}", result.Commands);
    }

    [Fact]
    public void Stale_IPv6_NamesTheFamily()
    {
        var service = Service(Pod("a")) with { Entries = new ServiceEntries(1, 0, NowMs, [Ip.Parse("fd00::9")], ["node1"]) };

        Assert.Equal("conntrack -L -f ipv6 -r fd00::9", StaleEntries.Of(Context(Here), service).Commands[0]);
    }

    [Theory]
    [InlineData(3, 0, "3 left", "left the Service and still answers")]
    [InlineData(0, 2, "2 not ready", "is not ready")]
    public void Stale_LivePodOutsideTheService_HasItsOwnWordsAndNoFlush(int left, int unready, string value, string words)
    {
        var service = Service(Pod("a")) with { Entries = ServiceEntries.None with { Left = left, Unready = unready, OutOfService = [Ip.Parse("10.1.0.9")] } };

        var result = StaleEntries.Of(Context(Here), service);

        Assert.Equal((CheckState.Ok, value), (result.State, result.Value));
        Assert.Contains(words, result.Sentence, StringComparison.Ordinal);
        Assert.DoesNotContain("Flush", result.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Stale_UdpToALivePod_AdvisesTheScope()
    {
        var service = Service(Pod("a")) with { Entries = new ServiceEntries(2, 0, NowMs - 60_000, [Ip.Parse("10.1.0.9")], ["node1"]) { StaleToLive = 2 } };

        var result = StaleEntries.Of(Context(Here), service);

        Assert.Equal(CheckState.Bad, result.State);
        Assert.Contains("the pod runs", result.Sentence, StringComparison.Ordinal);
        Assert.Contains("with the scope of this Service", result.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void EndpointOwner_AddressWithoutPod_IsBadAfterAWhile()
    {
        var pod = Objects.Pod("a", "10.1.0.5");
        var service = Objects.Service();
        var slice = Objects.Slice(Objects.Ready(pod));
        Assert.Equal(CheckState.Ok, Of(isOwned: true, 0));
        Assert.Equal(CheckState.Warning, Of(isOwned: false, 10_000));
        Assert.Equal(CheckState.Bad, Of(isOwned: false, 40_000));
        // A manual slice with an address outside the cluster names no pod.
        var external = Objects.Map(new ServiceChange(service, false), new SliceChange(Objects.Slice(new SliceEndpoint([Ip.Parse("203.0.113.9")], true, true, false, null, null)), false));
        Assert.Equal(CheckState.Ok, EndpointOwner.Of(Context(Here), ServiceCheckContext.Of(external, service, ServiceEntries.None, [], ImmutableDictionary<Ip, long>.Empty)).State);

        CheckState Of(bool isOwned, long goneForMs)
        {
            var map = Objects.Map(new ServiceChange(service, false), new SliceChange(slice, false), new PodChange(Objects.Pod("a", "10.1.0.5"), false));
            if (!isOwned)
                map = map.Without(Objects.Pod("a", "10.1.0.5"), NowMs - goneForMs);
            return EndpointOwner.Of(Context(Here), ServiceCheckContext.Of(map, service, ServiceEntries.None, [], ImmutableDictionary<Ip, long>.Empty)).State;
        }
    }

    [Fact]
    public void Stale_NoReports_InsufficientData() => Assert.Equal(CheckState.InsufficientData, StaleEntries.Of(Context() with { Reporting = 0 }, Service()).State);

    [Fact]
    public void Stale_SilentNode_IsReportedAsNotCounted()
    {
        var result = StaleEntries.Of(Context(Here) with { SilentNodes = ["node2"] }, Service(Pod("a")));

        Assert.Equal(CheckState.Ok, result.State);
        Assert.Contains("Not counted: node2", result.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Stale_HeadlessOrBypassed_IsNotApplicable()
    {
        var service = Service(Pod("a"));
        Assert.Equal(CheckState.NotApplicable, StaleEntries.Of(Context(Here), service with { Info = service.Info with { ClusterIps = [], Headless = true } }).State);
        Assert.Equal(CheckState.NotApplicable, StaleEntries.Of(Context(Here) with { AllBypass = true }, service).State);
    }

    [Theory]
    [InlineData("stale-entries")]
    [InlineData("terminating-endpoints")]
    [InlineData("drain")]
    [InlineData("pre-stop")]
    [InlineData("readiness")]
    public void Cluster_OldOrNotListed_InsufficientData(string id)
    {
        var rule = CheckRules.PerService.Single(r => r.Name.Id == id).Of;
        var service = Service(Pod("a")) with { Ends = [End(5_000)] };

        var old = rule(Context(Here) with { ClusterMs = NowMs - 10_001 }, service);
        Assert.Equal((CheckState.InsufficientData, NowMs - 10_001), (old.State, old.SinceMs));
        Assert.Equal(CheckState.Ok, rule(Context(Here) with { ClusterMs = NowMs - 10_000 }, service).State);
        Assert.Equal(CheckState.InsufficientData, rule(Context(Here) with { ClusterMs = null }, service).State);
    }

    [Theory]
    [InlineData("pods", "pre-stop")]
    [InlineData("pods", "stale-entries")]
    [InlineData("endpointslices", "terminating-endpoints")]
    public void Cluster_KindForbidden_InsufficientDataWithReason(string kind, string id)
    {
        var context = Context(Here) with { Kinds = [new KindStatus(kind, false, TimeSpan.MaxValue, "The console may not list them.")] };

        var result = CheckRules.PerService.Single(r => r.Name.Id == id).Of(context, Service(Pod("a")));

        Assert.Equal((CheckState.InsufficientData, "The console may not list them."), (result.State, result.Sentence));
    }

    [Theory]
    [InlineData(5_000, 30, 0, null, CheckState.Ok)]
    [InlineData(23_999, 30, 0, null, CheckState.Ok)]
    [InlineData(24_000, 30, 0, null, CheckState.Warning)] // Within 20 % of its grace period.
    [InlineData(4_000, 4, 137, "Error", CheckState.Bad)] // Ignores SIGTERM: killed at the end of its grace period.
    [InlineData(29_000, 30, 137, "Error", CheckState.Bad)] // Both timestamps have whole seconds.
    [InlineData(28_900, 30, 137, "Error", CheckState.Warning)]
    [InlineData(2_000, 30, 137, "Error", CheckState.Ok)] // Killed by something else.
    [InlineData(30_000, 30, 137, "OOMKilled", CheckState.Warning)]
    [InlineData(5_000, null, 0, null, CheckState.InsufficientData)]
    public void Drain_ComparedWithGracePeriod(long tookMs, int? grace, int exit, string? reason, CheckState expected)
    {
        var service = Service() with { Ends = [End(tookMs, grace, exit, reason)] };

        Assert.Equal(expected, DrainTime.Of(Context(Here), service).State);
    }

    [Fact]
    public void Drain_GraceNotReported_UsesPodSpec() =>
        Assert.Equal("25 s of 30 s", DrainTime.Of(Context(Here), Service(Pod("a")) with { Ends = [End(25_000, null)] }).Value);

    [Fact]
    public void Drain_NoTermination_InsufficientData()
    {
        Assert.Equal(UnknownCodes.NoTermination, DrainTime.Of(Context(Here), Service(Pod("a"))).UnknownCode);
        Assert.Equal(CheckState.InsufficientData, DrainTime.Of(Context(Here), Service(Pod("a")) with { Ends = [End(30_000, 30, 137, cause: TerminationCause.Forced)] }).State);
    }

    [Fact]
    public void Drain_ContainerEndNotReported_UsesLastConversation()
    {
        var end = End(0) with { ContainerFinishedMs = null, DeletedMs = NowMs - 600_000 + 20_000 };
        var service = Service(Pod("a")) with { Ends = [end] };

        Assert.Equal("20 s of 30 s", DrainTime.Of(Context(Here), service).Value);
        var active = ImmutableDictionary<Ip, long>.Empty.Add(end.PodIp, NowMs - 600_000 + 12_000);
        Assert.Equal("12 s of 30 s", DrainTime.Of(Context(Here), service with { LastActive = active }).Value);
        Assert.Equal(CheckState.InsufficientData, DrainTime.Of(Context(Here), service with { Ends = [end with { DeletedMs = null }] }).State);
    }

    [Fact]
    public void Drain_TimesThatAreOnlyBounds_AreNotMeasured()
    {
        var end = End(0) with { ContainerFinishedMs = null, ExitCode = null, DeletedMs = NowMs - 600_000 + 39_000, Unwatched = new TimeRange(NowMs - 601_000, NowMs - 561_000) };
        Assert.Equal(UnknownCodes.GraceUnknown, DrainTime.Of(Context(Here), Service(Pod("a")) with { Ends = [end] }).UnknownCode);
        Assert.Equal(CheckState.InsufficientData, DrainTime.Of(Context(Here), Service(Pod("a")) with { Ends = [End(40_000, null) with { Unwatched = end.Unwatched }] }).State);
        // Its object had both times: they are exact, whoever watched.
        Assert.Equal("5 s of 30 s", DrainTime.Of(Context(Here), Service(Pod("a")) with { Ends = [End(5_000) with { Unwatched = end.Unwatched }] }).Value);
    }

    [Fact]
    public void PreStop_Missing_IsWarning_UnlessPodsDrain()
    {
        var service = Service(Pod("a"), Pod("b", preStop: false));
        Assert.Equal((CheckState.Warning, "1 of 2"), PreStop.Of(Context(Here), service) is var r ? (r.State, r.Value) : default);
        Assert.Contains("checkout-b", PreStop.Of(Context(Here), service).Commands[0], StringComparison.Ordinal);
        Assert.Equal(CheckState.Ok, PreStop.Of(Context(Here), Service(Pod("a"))).State);
        Assert.Equal(CheckState.NotApplicable, PreStop.Of(Context(Here), Service()).State);

        Assert.Equal(CheckState.Ok, PreStop.Of(Context(Here), service with { Ends = [End(5_000)] }).State);
        Assert.Equal(CheckState.Warning, PreStop.Of(Context(Here), service with { Ends = [End(5_000), End(400)] }).State);
        Assert.Equal(CheckState.Warning, PreStop.Of(Context(Here), service with { Ends = [End(30_000, 30, 137)] }).State);
    }

    [Fact]
    public void Readiness_Missing_IsWarning()
    {
        Assert.Equal((CheckState.Warning, "0 of 1"), Readiness.Of(Context(Here), Service(Pod("a", readiness: false))) is var r ? (r.State, r.Value) : default);
        Assert.Equal(CheckState.Ok, Readiness.Of(Context(Here), Service(Pod("a"))).State);
        Assert.Equal(CheckState.NotApplicable, Readiness.Of(Context(Here), Service()).State);
    }

    [Theory]
    [InlineData(2, 1, 3, "v1.36.2", CheckState.Ok)]
    [InlineData(0, 2, 2, "v1.36.2", CheckState.Warning)]
    [InlineData(0, 2, 2, "v1.25.0", CheckState.Bad)]
    [InlineData(0, 0, 2, "v1.36.2", CheckState.Bad)]
    [InlineData(0, 0, 0, "v1.36.2", CheckState.NotApplicable)]
    public void Endpoints_NoneReady(int ready, int draining, int all, string version, CheckState expected) =>
        Assert.Equal(expected, TerminatingEndpoints.Of(Context(Node(Facts(), version)), Service() with { Ready = ready, Draining = draining, Endpoints = all }).State);

    [Fact]
    public void Names_InCommands_AreQuoted()
    {
        var service = Service(Pod("a", readiness: false) with { Name = "x; rm -rf '~'" });

        Assert.Contains(@"get pod 'x; rm -rf '\''~'\''' -o", Readiness.Of(Context(Here), service).Commands[0], StringComparison.Ordinal);
    }
}
