using System.Net;
using ConntrackConsole.Incidents.Export;
using ConntrackConsole.Incidents.Report;
using Xunit;

namespace ConntrackConsole.Tests.Incidents;

/// <summary>Names and addresses are replaced, always the same by the same, by what cannot be mistaken for real ones.</summary>
public sealed class RedactorTests
{
    private readonly Redactor _redactor;

    public RedactorTests()
    {
        var names = new ReportNames();
        names.AddPath("service", "shop/orders");
        names.AddPath("pod", "shop/orders-7d9f-x2x");
        names.AddPath("workload", "Deployment/checkout", first: "");
        names.Add("node", "node-a.example.com");
        names.Add("person", "Ada Lovelace (link)");
        names.Add("person", "bob");
        _redactor = new Redactor(names);
    }

    [Theory]
    [InlineData("shop/orders → 10.1.0.5:8080", "namespace-1/service-1 → 192.0.2.1:8080")]
    [InlineData("shop/orders-7d9f-x2x on node-a.example.com.", "namespace-1/pod-1 on node-1.")]
    // A pod that is not in the lists, by the name of its workload or Service.
    [InlineData("checkout-66bd-q9 and orders-66bd-q9", "pod-1 and pod-2")]
    [InlineData("Deployment/checkout", "Deployment/workload-1")]
    [InlineData("Orders-7d9f-x2x was replaced; ORDERS too", "pod-1 was replaced; service-1 too")]
    [InlineData("orders.shop.svc.cluster.local", "service-1.namespace-1.svc.cluster.local")]
    [InlineData("Ada Lovelace (link) asked bob, bobby did not", "person-1 asked person-2, bobby did not")]
    [InlineData("10.1.0.5, 10.1.0.6, 10.1.0.5", "192.0.2.1, 192.0.2.2, 192.0.2.1")]
    [InlineData("10.1.0.0/16 via 10.1.0.1.", "192.0.2.1/16 via 192.0.2.2.")]
    [InlineData("[fd00::5]:80 and fd00:0:0::5", "[2001:db8::0:1]:80 and 2001:db8::0:1")]
    [InlineData("::ffff:10.1.0.5", "2001:db8::0:1")]
    // No addresses: times, versions, codes.
    [InlineData("2026-11-30T10:04:05.123Z, 10:04:05, v1.2.3, 300.1.2.3, flush.owner_live", "2026-11-30T10:04:05.123Z, 10:04:05, v1.2.3, 300.1.2.3, flush.owner_live")]
    [InlineData("preorders reordered shopping", "preorders reordered shopping")]
    public void Text_NamesAndAddresses_AreReplaced(string text, string expected) => Assert.Equal(expected, _redactor.Text(text));

    [Fact]
    public void Text_IsConsistentWithinOneFile()
    {
        string first = _redactor.Text("shop/orders at 10.1.0.5, fd00::1");
        Assert.Equal(first, _redactor.Text("shop/orders at 10.1.0.5, fd00::1"));
        Assert.NotEqual(_redactor.Text("10.1.0.5"), _redactor.Text("10.1.0.6"));
    }

    /// <summary>Every pseudonym of an address is one, of a range that no cluster uses, and belongs to one address only.</summary>
    [Fact]
    public void Addresses_Thousands_AreDistinctAndReserved()
    {
        var seen = new HashSet<string>();
        for (int i = 0; i < 3_000; i++)
        {
            string pseudonym = _redactor.Text($"10.{i >> 16}.{(i >> 8) & 255}.{i & 255}");
            Assert.True(IPAddress.TryParse(pseudonym, out var address), pseudonym);
            byte[] bytes = address!.GetAddressBytes();
            Assert.Contains((bytes[0], bytes[1]), ((int, int)[])[(192, 0), (198, 51), (203, 0), (198, 18), (198, 19)]);
            Assert.True(seen.Add(pseudonym));
            string six = _redactor.Text($"fd00::{i + 1:x}");
            Assert.True(IPAddress.TryParse(six, out _) && six.StartsWith("2001:db8:", StringComparison.Ordinal), six);
            Assert.True(seen.Add(six));
        }
    }
}
