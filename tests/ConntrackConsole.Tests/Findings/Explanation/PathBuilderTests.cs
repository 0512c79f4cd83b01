using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Findings.Explanation;
using Xunit;

namespace ConntrackConsole.Tests.Findings.Explanation;

/// <summary>The path of every mechanism of the catalogue, and where each one breaks.</summary>
public sealed class PathBuilderTests
{
    public static TheoryData<string> Codes => [.. Explained.Codes];

    [Theory]
    [MemberData(nameof(Codes))]
    public void EveryMechanism_HasAPlaceWhereItFails_AndText(string code)
    {
        var observed = Explained.Of(code);
        var path = PathBuilder.Of(observed);
        Assert.Equal(Enum.GetValues<HopKind>(), path.Hops.Select(hop => hop.Kind));
        // Where something else translates, nothing fails: conntrack just does not know.
        int places = path.Hops.Count(hop => hop.Fails);
        Assert.Equal(code == MechanismCodes.Bypassed ? 0 : 1, places);
        Assert.NotNull(path.Hops.Single(hop => code == MechanismCodes.Bypassed ? hop.Kind == HopKind.Translation : hop.Fails).Note);
        Assert.True(PathText.Of(observed).Length > 60, PathText.Of(observed));
        Assert.DoesNotContain('{', path.Summary);
        Assert.All(path.Hops, hop => Assert.Contains(hop.Title, path.Summary, StringComparison.Ordinal));
    }

    /// <summary>No request comes behind the place where requests fail, and no answer from before it.</summary>
    [Theory]
    [MemberData(nameof(Codes))]
    public void EveryMechanism_IsAPossiblePath(string code)
    {
        var hops = PathBuilder.Of(Explained.Of(code)).Hops;
        bool stopped = false;
        foreach (var hop in hops)
        {
            Assert.False(stopped && hop.Request == HopState.Fails);
            Assert.False(hop.Request == HopState.Passes && hops.TakeWhile(before => before != hop).Any(before => before.Request == HopState.NotReached));
            stopped |= hop.Request == HopState.Fails;
        }

        Assert.True(hops.Count(hop => hop.Sends is not null) <= 1);
    }

    [Theory]
    [InlineData(MechanismCodes.InvalidUntranslated, HopKind.Translation, "RST to 10.1.0.5:8080, an address that it never called", HopKind.ClientPod)]
    [InlineData(MechanismCodes.InvalidDropped, HopKind.Translation, null, null)]
    [InlineData(MechanismCodes.EntryLost, HopKind.Translation, "RST to 10.1.0.5:8080, an address that it never called", HopKind.ClientPod)]
    [InlineData(MechanismCodes.Rebalanced, HopKind.Translation, "RST to 10.1.9.9:40000: it does not know the connection", HopKind.BackendPod)]
    [InlineData(MechanismCodes.ClosedTooEarly, HopKind.BackendPod, "RST to 10.1.9.9:40000, correctly translated", HopKind.BackendPod)]
    [InlineData(MechanismCodes.NoDrain, HopKind.BackendPod, "RST to 10.1.9.9:40000, correctly translated", HopKind.BackendPod)]
    [InlineData(MechanismCodes.GraceTooShort, HopKind.BackendPod, "RST to 10.1.9.9:40000, correctly translated", HopKind.BackendPod)]
    [InlineData(MechanismCodes.RefusedWhileListed, HopKind.BackendPod, "RST to each SYN", HopKind.BackendPod)]
    [InlineData(MechanismCodes.BlackHole, HopKind.BackendPod, null, null)]
    [InlineData(MechanismCodes.AddressReused, HopKind.BackendPod, "RST to 10.1.9.9:40000, correctly translated", HopKind.BackendPod)]
    [InlineData(MechanismCodes.WrongBackend, HopKind.Translation, null, null)]
    [InlineData(MechanismCodes.ProxyLagged, HopKind.Translation, null, null)]
    [InlineData(MechanismCodes.SynReuse, HopKind.Translation, null, null)]
    [InlineData(MechanismCodes.NoEndpoints, HopKind.Service, "ICMP port unreachable", HopKind.ClientNode)]
    [InlineData(MechanismCodes.UdpDeadBackend, HopKind.BackendPod, null, null)]
    [InlineData(MechanismCodes.UdpUntranslated, HopKind.Translation, null, null)]
    [InlineData(MechanismCodes.IpvsDrops, HopKind.Translation, null, null)]
    [InlineData(MechanismCodes.IpvsWillEnd, HopKind.Translation, null, null)]
    [InlineData(MechanismCodes.IpvsEnded, HopKind.Translation, "RST from 10.96.0.10:80", HopKind.Translation)]
    [InlineData(MechanismCodes.IpvsDraining, HopKind.BackendPod, null, null)]
    [InlineData(MechanismCodes.IdleExpiry, HopKind.Translation, null, null)]
    [InlineData(MechanismCodes.PortClash, HopKind.Translation, null, null)]
    public void Mechanism_FailsAtItsPlace_AndTheRightEndSends(string code, object place, string? sends, object? sender)
    {
        var hops = PathBuilder.Of(Explained.Of(code)).Hops;
        var failing = hops.Where(hop => hop.Fails).Select(hop => hop.Kind).Distinct();
        Assert.Equal([(HopKind)place], failing);
        var sending = hops.SingleOrDefault(hop => hop.Sends is not null);
        Assert.Equal((sends, (HopKind?)sender), (sending?.Sends, sending?.Kind));
    }

    [Fact]
    public void Hops_HaveTheNamesAndAddressesOfTheFlow()
    {
        var hops = PathBuilder.Of(Explained.Of(MechanismCodes.InvalidUntranslated)).Hops;
        Assert.Equal(
            [("shop/frontend-1", "10.1.9.9:40000"), ("node-1", null), ("shop/checkout", "10.96.0.10:80"), ("on node-1", "10.96.0.10:80 → 10.1.0.5:8080"), ("node-2", null), ("shop/checkout-7d9f-a", "10.1.0.5:8080")],
            hops.Select(hop => (hop.Name, hop.Address)));
        Assert.Equal("And 1 more.", hops[0].Note);
        Assert.Equal("[fd00:96::a]:80 → [fd00:1::5]:8080", PathBuilder.Of(Explained.Of(MechanismCodes.InvalidUntranslated, v6: true)).Hops[3].Address);
    }

    /// <summary>What is unknown is said: it has no name, and the text does not invent one.</summary>
    [Theory]
    [MemberData(nameof(Codes))]
    public void UnknownParts_StayUnknown(string code)
    {
        var hops = PathBuilder.Of(Explained.Unknown(code)).Hops;
        foreach (var kind in new[] { HopKind.ClientPod, HopKind.ClientNode, HopKind.Translation, HopKind.BackendNode })
            Assert.Null(hops[(int)kind].Name);
        Assert.DoesNotContain("shop/checkout-", PathText.Of(Explained.Unknown(code)), StringComparison.Ordinal);
        Assert.Contains("unknown", PathBuilder.Of(Explained.Unknown(code)).Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void LostNode_IsWhereTheBlackHoleIs()
    {
        var observed = Explained.Of(MechanismCodes.BlackHole);
        observed = observed with { Flow = observed.Flow with { IsBackendNodeLost = true } };
        var path = PathBuilder.Of(observed);
        Assert.Equal(HopKind.BackendNode, path.Hops.Single(hop => hop.Fails).Kind);
        Assert.Equal(HopState.NotReached, path.Hops[^1].Request);
        Assert.Contains("on node-2 that does not report any more", PathText.Of(observed), StringComparison.Ordinal);
    }

    [Fact]
    public void NewOwner_IsTheBackend_AndTheFormerOneIsNamed()
    {
        var hop = PathBuilder.Of(Explained.Of(MechanismCodes.AddressReused)).Hops[^1];
        Assert.Equal("shop/other-b", hop.Name);
        Assert.Contains("shop/checkout-7d9f-a", hop.Note, StringComparison.Ordinal);
    }
}
