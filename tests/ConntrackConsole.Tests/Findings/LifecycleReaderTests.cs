using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Findings;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Findings;

/// <summary>Who had an address as of a moment, and what became of it: each condition, at both of its sides.</summary>
public sealed class LifecycleReaderTests
{
    private const long FromMs = 10_000_000, ToMs = 10_900_000;
    private static readonly Ip Backend = Ip.Parse("10.1.0.5");
    private static readonly ServiceKey Service = Objects.Service().Key;

    [Fact]
    public void Read_WithoutAnOwner_IsMissing()
    {
        Assert.StartsWith("no pod is known to have had", Read([]).Evidence.MissingBecause, StringComparison.Ordinal);
        Assert.Equal("the console has not listed the cluster since its start", Read([Span("a", FromMs, null)], watchedUntilMs: 0).Evidence.MissingBecause);
    }

    [Fact]
    public void Read_ALivePod()
    {
        var life = Read([Span("a", FromMs, null)]);
        Assert.Equal((true, null, false), (life.Evidence.Value!.HasLiveOwner, life.Evidence.Value.NewOwner, life.Evidence.Value.NodeLost));
        Assert.Equal(["shop/a"], life.Pods);
        Assert.Equal((null, null, "node1"), (life.GoneMs, life.NewOwnerSinceMs, life.Node));
    }

    [Fact]
    public void Read_ANodesOwnAddress_IsOfTheHostsNetwork() =>
        Assert.True(Read([Span("", FromMs, null) with { State = OwnerState.Node }]).Evidence.Value!.HostNetwork);

    [Fact]
    public void Read_APodThatIsGone_SinceItsEnd()
    {
        var life = Read([Span("a", FromMs, FromMs + 5_000)]);
        Assert.Equal((false, FromMs + 5_000), (life.Evidence.Value!.HasLiveOwner, life.GoneMs));
    }

    /// <summary>Only its kubelet may be dead.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Read_ALostPod_UnlessItsNodeReports(bool isUnproven)
    {
        var life = Read([Span("a", FromMs, FromMs + 5_000), Span("a", FromMs + 5_000, null) with { State = OwnerState.Lost, Unseen = isUnproven ? Unseen.Life : Unseen.None }]);

        Assert.Equal((!isUnproven, isUnproven ? (bool?)null : false), (life.Evidence.Value!.NodeLost, life.Evidence.Value.HasLiveOwner));
        Assert.Equal((isUnproven ? (long?)null : FromMs + 5_000), life.GoneMs);
        Assert.Equal(["shop/a"], life.Pods);
    }

    /// <summary>A live pod at the address of a former one: the former one is what the lifecycle is about, unless the live one is to end as well.</summary>
    [Theory]
    [InlineData(null, true)]
    [InlineData(ToMs, false)]
    [InlineData(ToMs + 1, true)]
    public void Read_ANewOwner_UntilItIsToEnd(long? requestedMs, bool isReused)
    {
        var life = Read([Span("a", FromMs, FromMs + 5_000), Span("b", FromMs + 6_000, null)], terminations: requestedMs is { } atMs ? [Ends("b", atMs)] : []);

        Assert.Equal(isReused ? (long?)FromMs + 6_000 : null, life.NewOwnerSinceMs);
        Assert.Equal(isReused ? "shop/b" : null, life.Evidence.Value!.NewOwner?.Name);
        Assert.Equal(isReused ? ["shop/a", "shop/b"] : ["shop/b"], life.Pods);
        Assert.Equal(true, life.Evidence.Value.HasLiveOwner);
    }

    [Fact]
    public void Read_ANewOwnerOfUnknownBeginning_HasNoStart()
    {
        var life = Read([Span("a", FromMs, FromMs + 5_000), Span("b", FromMs + 6_000, null) with { Unseen = Unseen.Begin }]);
        Assert.Null(life.Evidence.Value!.NewOwner!.StartedMs);
        Assert.Equal(FromMs + 6_000, Read([Span("a", FromMs, FromMs + 5_000), Span("b", FromMs + 6_000, null)]).Evidence.Value!.NewOwner!.StartedMs);
    }

    /// <summary>Without a slice nothing is known of its Service; with one it is in it, was in it, or never was.</summary>
    [Theory]
    [InlineData(null, null)]
    [InlineData("a", false)]
    [InlineData("b", true)]
    public void Read_WhetherTheNewOwnerIsInTheService(string? listed, bool? isInService)
    {
        var life = Read([Span("a", FromMs, FromMs + 5_000), Span("b", FromMs + 6_000, null)], listed is null ? [] : [Endpoint(listed, FromMs, null)]);

        Assert.Equal(isInService, life.Evidence.Value!.NewOwner!.InService);
    }

    /// <summary>Of this pod, by the moment that is read.</summary>
    [Theory]
    [InlineData("a", ToMs, true)]
    [InlineData(null, ToMs, true)]
    [InlineData("z", ToMs, false)]
    [InlineData("a", ToMs + 1, false)]
    [InlineData("a", null, false)]
    public void Read_TheEndOfItsEndpoint(string? podUid, long? removedMs, bool isRemoved)
    {
        var life = Read([Span("a", FromMs, null)], [Endpoint(podUid, FromMs, removedMs)]);

        Assert.Equal(isRemoved ? removedMs : null, life.Evidence.Value!.EndpointRemovedMs);
    }

    /// <summary>None of its node's pods waits for an address: none can have it.</summary>
    [Theory]
    [InlineData(null, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Read_NoSuccessor_WhereNonePodAwaitsAnAddress(bool? awaits, bool expected)
    {
        var life = Read([Span("a", FromMs, FromMs + 5_000)], awaits: awaits is { } value ? _ => value : null);

        Assert.Equal(expected, life.Evidence.Value!.NoSuccessor);
        Assert.False(Read([Span("a", FromMs, FromMs + 5_000), Span("b", FromMs + 6_000, null)], awaits: _ => false).Evidence.Value!.NoSuccessor);
    }

    [Fact]
    public void Read_TheTerminationOfThePod()
    {
        var life = Read([Span("a", FromMs, null) with { State = OwnerState.Terminating }], terminations: [Ends("a", FromMs + 1_000) with { ContainerFinishedMs = FromMs + 3_000, ExitCode = 137, DeletedMs = FromMs + 4_000, EndpointRemovedMs = FromMs + 2_000 }]);

        Assert.Equal(
            (FromMs + 1_000, FromMs + 3_000, 137, FromMs + 4_000, FromMs + 2_000, true),
            (life.Evidence.Value!.DeletionRequestedMs, life.Evidence.Value.FinishedMs, life.Evidence.Value.ExitCode, life.Evidence.Value.DeletedMs, life.Evidence.Value.EndpointRemovedMs, life.Evidence.Value.HasLiveOwner));
        Assert.Equal("a", life.Pod!.Uid);
    }

    private static SubjectLifecycle Read(
        OwnerSpan[] owners, EndpointSpan[]? endpoints = null, Termination[]? terminations = null, Func<string, bool>? awaits = null, long watchedUntilMs = ToMs)
    {
        var history = OwnershipHistory.Of(new OwnershipWindow(owners, [], endpoints ?? [], watchedUntilMs, endpoints is { Length: > 0 }));
        var window = NodeReaderTests.Window with { FromMs = FromMs, ToMs = ToMs, History = history, Terminations = (terminations ?? []).ToDictionary(ended => ended.Uid), AwaitsAddress = awaits };
        return LifecycleReader.Read(window, new FindingSubject(Backend, Service, new ServiceAddress(Protocols.Tcp, Ip.Parse(Objects.Vip), 80)), ToMs);
    }

    private static OwnerSpan Span(string uid, long fromMs, long? toMs) => new(Backend, uid, $"shop/{uid}", "node1", fromMs, toMs);

    private static EndpointSpan Endpoint(string? uid, long fromMs, long? toMs) => new(Service, Backend, uid, true, true, false, fromMs, toMs);

    private static Termination Ends(string uid, long requestedMs) => new(uid, "shop", uid, Backend, "node1", Service, requestedMs, null, null, null, null, null);
}
