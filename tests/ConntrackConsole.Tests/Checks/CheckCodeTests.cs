using System.Reflection;
using ConntrackConsole.Checks;
using ConntrackConsole.Checks.Cluster;
using ConntrackConsole.Checks.Model;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Checks.CheckContexts;

namespace ConntrackConsole.Tests.Checks;

public sealed class CheckCodeTests
{
    private static IEnumerable<CheckName> Names =>
        CheckRules.PerNode.Select(rule => rule.Name).Concat(CheckRules.PerService.Select(rule => rule.Name)).Append(ClusterData.Name);

    [Fact]
    public void Check_Each_HasItsOwnCode() =>
        Assert.Equal(Constants(typeof(CheckCodes)).Order(StringComparer.Ordinal), Names.Select(name => name.Code).Order(StringComparer.Ordinal));

    [Fact]
    public void Codes_AreUnique()
    {
        var all = Constants(typeof(CheckCodes)).Concat(Constants(typeof(UnknownCodes))).ToList();
        Assert.Equal(all.Distinct(), all);
        Assert.All(all, code => Assert.Matches("^check\\.[a-z_]+$", code));
    }

    [Fact]
    public void InsufficientData_HasAReasonCode_OtherStatesDoNot()
    {
        NodeCheckContext[] nodes =
        [
            Node(null), Node(Facts()), Node(Facts(heardAgoMs: 60_000)), Node(Facts(beLiberal: "", loose: "x") with { Proxy = null }), Node(Facts(beLiberal: "2"), version: ""),
            Node(Facts(Proxy(Idle with { Answers = false }))), Node(Facts(Proxy(heardAgoMs: 60_000))),
            Node(Facts(Proxy(Idle with { Mode = ProxyMode.Unknown, ApiErrors = NaN, SyncP99 = NaN, EndpointChanges = NaN }), beLiberal: "0")),
            Node(Facts(Proxy(Idle with { Mode = ProxyMode.Iptables, ProcessStart = NaN }), beLiberal: "0")),
        ];
        ServiceCheckContext[] services = [Service(), Service(Pod("a"))];
        var seen = new HashSet<string>();
        foreach (var context in (CheckContext[])[Context(nodes), Context(nodes) with { HasCluster = false, IsListed = false, ClusterMs = null }, Context(nodes) with { ClusterMs = NowMs - 60_000, Reporting = 0 }])
        {
            foreach (var result in CheckRules.All(context with { Services = services }))
            {
                Assert.Equal(result.State == CheckState.InsufficientData, result.UnknownCode is not null);
                if (result.UnknownCode is { } code)
                    seen.Add(code);
            }
        }

        Assert.Subset(Constants(typeof(UnknownCodes)).ToHashSet(), seen);
        Assert.True(seen.Count > 10, string.Join(' ', seen));
    }

    private static IEnumerable<string> Constants(Type type) => type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!);
}
