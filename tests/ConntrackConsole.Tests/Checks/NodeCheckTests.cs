using ConntrackConsole.Checks;
using ConntrackConsole.Checks.Cluster;
using ConntrackConsole.Checks.Model;
using ConntrackConsole.Checks.Node;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Checks.CheckContexts;

namespace ConntrackConsole.Tests.Checks;

public class NodeCheckTests
{
    private static readonly ProxyReading Iptables = Idle with { Mode = ProxyMode.Iptables };
    private static readonly long StartedMs = (long)(Idle.ProcessStart * 1000);

    [Theory]
    [InlineData(0, 262_144, CheckState.Ok)]
    [InlineData(196_608, 262_144, CheckState.Ok)] // 75 % exactly.
    [InlineData(196_609, 262_144, CheckState.Warning)]
    [InlineData(249_037, 262_144, CheckState.Bad)]
    [InlineData(300_000, 262_144, CheckState.Bad)]
    [InlineData(0, 0, CheckState.InsufficientData)]
    public void Table_ComparedWithLimit(uint count, uint max, CheckState expected) =>
        Assert.Equal(expected, TableUse.Of(Context(), Node(Facts() with { Counters = new Counters(0, 0, 0, 0, count, max) })).State);

    [Theory]
    [InlineData("1", CheckState.Ok)]
    [InlineData("2", CheckState.Ok)]
    [InlineData("0", CheckState.Warning)]
    [InlineData("", CheckState.InsufficientData)]
    [InlineData("on", CheckState.InsufficientData)]
    public void Loose_Off_IsWarning(string value, CheckState expected) => Assert.Equal(expected, TcpLoose.Of(Context(), Node(Facts(loose: value))).State);

    [Theory]
    [InlineData("1", "1", CheckState.Ok)]
    [InlineData("0", "0", CheckState.Ok)]
    [InlineData("0", "1", CheckState.Warning)]
    [InlineData("7", "1", CheckState.InsufficientData)]
    public void BeLiberal_DiffersFromOthers_IsWarning(string value, string majority, CheckState expected) =>
        Assert.Equal(expected, BeLiberal.Of(Context() with { MajorityBeLiberal = majority }, Node(Facts(beLiberal: value))).State);

    [Fact]
    public void Settings_Absent_InsufficientData()
    {
        var node = Node(Facts() with { Settings = Facts().Settings.Clear() });

        Assert.All([BeLiberal.Of(Context(), node), TcpLoose.Of(Context(), node), InvalidProtection.Of(Context(), node)], r => Assert.Equal(CheckState.InsufficientData, r.State));
    }

    [Theory]
    [InlineData(ProxyMode.Iptables)]
    [InlineData(ProxyMode.Nftables)]
    [InlineData(ProxyMode.Unknown)]
    public void Protection_BeLiberal_SufficesInEveryMode(ProxyMode mode) =>
        Assert.Equal(CheckState.Ok, InvalidProtection.Of(Context(), Node(Facts(Proxy(Idle with { Mode = mode })))).State);

    [Theory]
    [InlineData(ProxyMode.Nftables, CheckState.Warning)]
    [InlineData(ProxyMode.Ipvs, CheckState.Warning)]
    [InlineData(ProxyMode.Unknown, CheckState.InsufficientData)]
    public void Protection_ModesWithoutRule_AreUnprotected(ProxyMode mode, CheckState expected) =>
        Assert.Equal(expected, InvalidProtection.Of(Context(), Node(Facts(Proxy(Idle with { Mode = mode }), beLiberal: "0"))).State);

    [Fact]
    public void Protection_StartedUnderOneThenReverted_IsNeither()
    {
        var facts = Facts(Proxy(Iptables), beLiberal: "0") with { BeLiberal = [(StartedMs - 60_000, "1"), (StartedMs + 60_000, "0")] };

        var result = InvalidProtection.Of(Context(), Node(facts));

        Assert.Equal((CheckState.Warning, "neither"), (result.State, result.Value));
        Assert.Contains("iptables -S KUBE-FORWARD | grep INVALID", result.Commands);
    }

    [Fact]
    public void Protection_StartedUnderZero_HasRule()
    {
        var facts = Facts(Proxy(Iptables), beLiberal: "0") with { BeLiberal = [(StartedMs - 60_000, "0")] };

        Assert.Equal((CheckState.Ok, "drop rule"), InvalidProtection.Of(Context(), Node(facts)) is var r ? (r.State, r.Value) : default);
    }

    [Fact]
    public void Protection_StartBeforeFirstValue_InsufficientData_UnlessDropped()
    {
        var facts = Facts(Proxy(Iptables), beLiberal: "0") with { BeLiberal = [(StartedMs + 1, "0")] };
        Assert.Equal(CheckState.InsufficientData, InvalidProtection.Of(Context(), Node(facts)).State);
        Assert.Equal(CheckState.InsufficientData, InvalidProtection.Of(Context(), Node(facts with { Proxy = Proxy(Iptables with { ProcessStart = NaN }) })).State);

        Assert.Equal(CheckState.Ok, InvalidProtection.Of(Context(), Node(facts with { Proxy = Proxy(Iptables with { InvalidDropped = 3 }) })).State);
    }

    [Theory]
    [InlineData("v1.36.2", CheckState.Ok)]
    [InlineData("v1.26.0", CheckState.Ok)]
    [InlineData("v1.26+", CheckState.Ok)]
    [InlineData("v1.25.16-gke.100", CheckState.Warning)]
    [InlineData("v2.0.0", CheckState.Ok)]
    [InlineData("", CheckState.InsufficientData)]
    [InlineData("latest", CheckState.InsufficientData)]
    [InlineData("v99999999999.1", CheckState.InsufficientData)]
    public void Version_WithTerminatingEndpoints(string version, CheckState expected) =>
        Assert.Equal(expected, KubernetesVersion.Of(Context(), Node(Facts(), version)).State);

    [Fact]
    public void Version_NeedsNoCollector() => Assert.Equal(CheckState.Ok, KubernetesVersion.Of(Context(), Node(null)).State);

    [Theory]
    [InlineData(true, 9_000, null, CheckState.Ok)]
    [InlineData(true, 10_001, null, CheckState.Warning)]
    [InlineData(true, 0, "The console may not list events: grant it.", CheckState.Warning)]
    [InlineData(false, -1, null, CheckState.InsufficientData)]
    public void Kind_IsARow(bool listed, long ageMs, string? problem, CheckState expected)
    {
        var age = ageMs < 0 ? TimeSpan.MaxValue : TimeSpan.FromMilliseconds(ageMs);

        var result = ClusterData.Of(Context(), new KindStatus("events", listed, age, problem));

        Assert.Equal(expected, result.State);
        if (problem is not null)
            Assert.Equal(problem, result.Sentence);
    }

    [Theory]
    [InlineData("table-use")]
    [InlineData("tcp-loose")]
    [InlineData("be-liberal")]
    [InlineData("invalid-protection")]
    public void Silent_InsufficientDataSinceThen(string id)
    {
        var result = CheckRules.PerNode.Single(r => r.Name.Id == id).Of(Context(), Node(Facts(heardAgoMs: 10_001)));

        Assert.Equal((CheckState.InsufficientData, NowMs - 10_001), (result.State, result.SinceMs));
    }
}
