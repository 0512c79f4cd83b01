using ConntrackConsole.Checks;
using ConntrackConsole.Checks.Model;
using ConntrackConsole.Checks.Node;
using ConntrackConsole.Nodes;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Checks.CheckContexts;

namespace ConntrackConsole.Tests.Checks;

public class ProxyCheckTests
{
    [Theory]
    [InlineData(null, null, 0.064, CheckState.Ok)]
    [InlineData(2_000L, null, 0.064, CheckState.Ok)] // The maximum: 2 s.
    [InlineData(2_070L, null, 0.064, CheckState.Bad)]
    [InlineData(6_000L, null, 8.0, CheckState.Ok)] // A sync takes that long here.
    [InlineData(8_100L, null, 8.0, CheckState.Bad)]
    [InlineData(6_000L, null, NaN, CheckState.Bad)]
    [InlineData(null, 60_000L, 0.064, CheckState.Ok)]
    [InlineData(null, 60_001L, 0.064, CheckState.Bad)]
    public void Sync_WaitsTooLong_IsBad(long? pendingForMs, long? queuedForMs, double p99, CheckState expected)
    {
        var reading = Idle with { SyncP99 = p99, EndpointChangesPending = pendingForMs is null ? 0 : 3 };

        var result = ProxyLag.Of(Context(), Node(Facts(Proxy(reading, pendingForMs, queuedForMs))));

        Assert.Equal(expected, result.State);
        Assert.Equal(NowMs - 1_000, result.ReadMs);
        if (expected == CheckState.Bad)
            Assert.Equal(NowMs - 1_000 - (pendingForMs ?? queuedForMs), result.SinceMs);
    }

    [Fact]
    public void Sync_IdleForDays_IsOk()
    {
        var result = ProxyLag.Of(Context(), Node(Facts(Proxy(Idle with { LastSync = 1_795_000_000, LastQueued = 1_794_999_999.9 }))));

        Assert.Equal((CheckState.Ok, "in sync"), (result.State, result.Value));
    }

    [Fact]
    public void Sync_Healthz503_IsBad_WithoutMetrics()
    {
        Assert.Equal(CheckState.Bad, ProxyLag.Of(Context(), Node(Facts(Proxy(Idle with { HealthStatus = 503 })))).State);
        Assert.Equal(CheckState.Bad, ProxyLag.Of(Context(), Node(Facts(Proxy(Idle with { Answers = false, HealthStatus = 503 })))).State);
    }

    [Fact]
    public void Sync_Healthz503OfANodeToBeDeleted_IsNoLag()
    {
        var leaving = Idle with { HealthStatus = 503, Eligible = false, LiveStatus = 200 };
        Assert.Equal(CheckState.Ok, ProxyLag.Of(Context(), Node(Facts(Proxy(leaving)))).State);
        Assert.Equal(CheckState.Ok, ProxyLag.Of(Context(), Node(Facts(Proxy(leaving with { Answers = false })))).State);
        // Kubernetes before 1.28 has no livez, and before that the body does not show it either.
        Assert.Equal(CheckState.InsufficientData, ProxyLag.Of(Context(), Node(Facts(Proxy(leaving with { Answers = false, LiveStatus = 404 })))).State);
        Assert.Equal((CheckState.Bad, "livez 503"), ProxyLag.Of(Context(), Node(Facts(Proxy(leaving with { LiveStatus = 503 })))) is var lags ? (lags.State, lags.Value) : default);
    }

    [Fact]
    public void Sync_Lag_NamesTheFamily()
    {
        var facts = Proxy(Idle with { LaggingFamily = 6 }) with { QueuedSinceMs = Idle.AtMs - 300_000 };

        Assert.Contains("of the IPv6 rules", ProxyLag.Of(Context(), Node(Facts(facts))).Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Sync_NeitherPendingNorTimestamps_InsufficientData()
    {
        var reading = Idle with { EndpointChangesPending = NaN, ServiceChangesPending = NaN, LastQueued = NaN };

        Assert.Equal(CheckState.InsufficientData, ProxyLag.Of(Context(), Node(Facts(Proxy(reading)))).State);
        Assert.Equal(CheckState.Ok, ProxyLag.Of(Context(), Node(Facts(Proxy(reading with { EndpointChangesPending = 0 })))).State);
    }

    [Theory]
    [InlineData(0.064, CheckState.Ok)]
    [InlineData(5.0, CheckState.Ok)]
    [InlineData(5.01, CheckState.Bad)]
    [InlineData(16.384, CheckState.Bad)]
    [InlineData(NaN, CheckState.InsufficientData)]
    public void Duration_ComparedWithFiveSeconds(double p99, CheckState expected) =>
        Assert.Equal(expected, SyncDuration.Of(Context(), Node(Facts(Proxy(Idle with { SyncP99 = p99 })))).State);

    [Theory]
    [InlineData(12, 2, 60, CheckState.Ok)] // A rollout of three pods, as recorded.
    [InlineData(60, 2, 60, CheckState.Ok)]
    [InlineData(61, 2, 60, CheckState.Warning)]
    [InlineData(500, 100, 60, CheckState.Ok)]
    [InlineData(501, 100, 60, CheckState.Warning)]
    [InlineData(501, 100, 9, CheckState.InsufficientData)]
    [InlineData(60, NaN, 0, CheckState.Ok)]
    [InlineData(61, NaN, 0, CheckState.InsufficientData)]
    [InlineData(NaN, NaN, 0, CheckState.InsufficientData)]
    public void Changes_ComparedWithBaseline(double lastMinute, double baseline, int minutes, CheckState expected)
    {
        var proxy = Proxy() with { EndpointChanges = new RateFact(lastMinute, lastMinute, baseline, minutes) };

        Assert.Equal(expected, EndpointChanges.Of(Context(), Node(Facts(proxy))).State);
    }

    [Theory]
    [InlineData(0, CheckState.Ok)]
    [InlineData(4, CheckState.Ok)]
    [InlineData(5, CheckState.Warning)]
    [InlineData(29, CheckState.Warning)]
    [InlineData(30, CheckState.Bad)]
    [InlineData(NaN, CheckState.InsufficientData)]
    public void ApiErrors_WithinFiveMinutes(double errors, CheckState expected)
    {
        var proxy = Proxy() with { ApiErrors = new RateFact(errors, errors, 0, 60) };

        Assert.Equal(expected, ApiErrors.Of(Context(), Node(Facts(proxy))).State);
    }

    [Fact]
    public void ApiErrors_MetricAbsent_InsufficientData() =>
        Assert.Equal(CheckState.InsufficientData, ApiErrors.Of(Context(), Node(Facts(Proxy(Idle with { ApiErrors = NaN })))).State);

    public static TheoryData<string> Rules => [ProxyLag.Name.Id, SyncDuration.Name.Id, EndpointChanges.Name.Id, ApiErrors.Name.Id, ProxyModes.Name.Id];

    [Theory]
    [MemberData(nameof(Rules))]
    public void Silent_InsufficientDataSinceThen(string id)
    {
        var rule = CheckRules.PerNode.Single(r => r.Name.Id == id).Of;

        var silent = rule(Context(), Node(Facts(heardAgoMs: 10_001)));
        Assert.Equal((CheckState.InsufficientData, NowMs - 10_001), (silent.State, silent.SinceMs));
        Assert.NotEqual(CheckState.InsufficientData, rule(Context(), Node(Facts(heardAgoMs: 10_000))).State);
        var old = rule(Context(), Node(Facts(Proxy(heardAgoMs: 15_001))));
        Assert.Equal((CheckState.InsufficientData, NowMs - 15_001), (old.State, old.SinceMs));
        Assert.Equal(CheckState.InsufficientData, rule(Context(), Node(null)).State);
        var mute = rule(Context(), Node(Facts(Proxy(Idle with { Answers = false, HealthStatus = 0 }, heardAgoMs: 900_000))));
        Assert.Equal(CheckState.InsufficientData, mute.State);
        Assert.Contains("10249", mute.Sentence, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void Bypassed_IsNotApplicable(string id)
    {
        var rule = CheckRules.PerNode.Single(r => r.Name.Id == id).Of;
        var facts = Facts() with { Proxy = null, HasVipEntries = false };

        Assert.Equal(CheckState.NotApplicable, rule(Context(), Node(facts)).State);
        Assert.Equal(CheckState.InsufficientData, rule(Context(), Node(facts, backends: false)).State);
        Assert.Equal(CheckState.InsufficientData, rule(Context(), Node(facts with { HasVipEntries = true })).State);
        Assert.Equal(CheckState.InsufficientData, rule(Context(), Node(facts with { TableKnown = false })).State);
    }

    [Theory]
    [InlineData(ProxyMode.Nftables, CheckState.Ok)]
    [InlineData(ProxyMode.Iptables, CheckState.Warning)] // Differs from most nodes.
    [InlineData(ProxyMode.Unknown, CheckState.InsufficientData)]
    public void Mode_ComparedWithOtherNodes(ProxyMode mode, CheckState expected) =>
        Assert.Equal(expected, ProxyModes.Of(Context(), Node(Facts(Proxy(Idle with { Mode = mode })))).State);

    [Fact]
    public void Mode_OneToOne_IsNoMajority()
    {
        Assert.Equal(ProxyMode.Unknown, CheckContext.Majority([ProxyMode.Nftables, ProxyMode.Iptables]));
        Assert.Equal(ProxyMode.Iptables, CheckContext.Majority([ProxyMode.Nftables, ProxyMode.Iptables, ProxyMode.Iptables]));
        Assert.Null(CheckContext.Majority(["0", "1"]));
        var result = ProxyModes.Of(Context() with { MajorityMode = ProxyMode.Unknown }, Node(Facts(Proxy(Idle))));
        Assert.Equal(CheckState.Warning, result.State);
        Assert.DoesNotContain("Most nodes", result.Sentence);
        Assert.DoesNotContain("most nodes", result.Threshold);
        Assert.Equal(CheckState.Warning, BeLiberal.Of(Context() with { MajorityBeLiberal = null }, Node(Facts(beLiberal: "1"))).State);
    }
}
