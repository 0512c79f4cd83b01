using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Nftables;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Nftables;

/// <summary>
/// The fixtures are messages of a 6.18 kernel about rules created by iptables-nft 1.8.9: -m conntrack --ctstate INVALID
/// -j DROP; the same with -m nfacct, as newer kube-proxies count it; two other rules of its chain; the first with
/// -s 10.0.0.0/8 before it.
/// </summary>
public sealed class ForeignRulesTests : IDisposable
{
    private const string Filter = "filter", Chain = "KUBE-FORWARD";
    private readonly string _root = Directory.CreateTempSubdirectory("rules").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [Trait("Category", "Parser")]
    [InlineData("kube-forward-invalid.rule", true)]
    [InlineData("kube-forward-invalid-counted.rule", true)]
    [InlineData("kube-forward-mark.rule", false)]
    [InlineData("kube-forward-established.rule", false)]
    [InlineData("invalid-of-one-network.rule", false)]
    public void Rule_OfIptablesNft_IsRecognized(string fixture, bool drops) =>
        Assert.Equal(drops, InvalidDrop.IsIn(Fixture.Bytes(fixture).AsSpan(NetlinkMessage.HeaderLength)));

    [Theory]
    [Trait("Category", "Parser")]
    [InlineData(146, 3)] // A further condition: the protocol.
    [InlineData(148, 1)] // Not INVALID.
    [InlineData(150, 6)] // RELATED and ESTABLISHED.
    public void Rule_OfIptablesNftWithAnotherCondition_DoesNotMatch(int offset, byte value)
    {
        byte[] message = Fixture.Bytes("kube-forward-invalid.rule");
        int info = message.AsSpan().IndexOf("conntrack\0"u8) + 12 + 8 + 4; // name padded, revision, header of the info
        Assert.Equal(1, message[info + 150]);
        Assert.Equal(1, message[info + 146]);

        message[info + offset] = value;

        Assert.False(InvalidDrop.IsIn(message.AsSpan(NetlinkMessage.HeaderLength)));
    }

    [Theory]
    [InlineData(nameof(NftFamily.Ipv4))]
    [InlineData(nameof(NftFamily.Ipv6))]
    public void Read_NativeNftablesRule_IsPresentInItsFamilyOnly(string familyName) => Inside(() =>
    {
        var family = Enum.Parse<NftFamily>(familyName);
        Assert.Equal(RulePresence.Absent, ForeignRules.ProxyDropsInvalid(family, _root).Presence);
        new NftBatch(family).AddTable(Filter).AddChain(Filter, Chain).AddRule(Filter, Chain, new NftRule().IfNew().Drop())
            .AddRule(Filter, Chain, new NftRule().IfInvalid().Count()).Commit();
        Assert.Equal(RulePresence.Absent, ForeignRules.ProxyDropsInvalid(family, _root).Presence);

        new NftBatch(family).AddRule(Filter, Chain, new NftRule().IfInvalid().Count().Drop()).Commit();

        Assert.Equal(RulePresence.Present, ForeignRules.ProxyDropsInvalid(family, _root).Presence);
        var other = family == NftFamily.Ipv4 ? NftFamily.Ipv6 : NftFamily.Ipv4;
        Assert.Equal(RulePresence.Absent, ForeignRules.ProxyDropsInvalid(other, _root).Presence);
    });

    [Fact]
    public void Read_RuleOfIptablesNft_IsPresent() => Inside(() =>
    {
        new NftBatch().AddTable(Filter).AddChain(Filter, "other").AddChain(Filter, Chain).Commit();
        Replay(Fixture.Bytes("kube-forward-mark.rule"));
        Assert.Equal(RulePresence.Absent, ForeignRules.ProxyDropsInvalid(NftFamily.Ipv4, _root).Presence);

        Replay(Fixture.Bytes("kube-forward-invalid.rule"));

        Assert.Equal(RulePresence.Present, ForeignRules.ProxyDropsInvalid(NftFamily.Ipv4, _root).Presence);
    });

    [Fact]
    public void Read_SameRuleInAnotherChain_IsAbsent() => Inside(() =>
    {
        new NftBatch().AddTable(Filter).AddChain(Filter, "FORWARD").AddChain(Filter, Chain)
            .AddRule(Filter, "FORWARD", new NftRule().IfInvalid().Drop()).Commit();

        Assert.Equal(RulePresence.Absent, ForeignRules.ProxyDropsInvalid(NftFamily.Ipv4, _root).Presence);
    });

    [Theory]
    [InlineData("filter\nnat\n", nameof(NftFamily.Ipv4), nameof(RulePresence.Unknown))]
    [InlineData("nat\n", nameof(NftFamily.Ipv4), nameof(RulePresence.Absent))]
    [InlineData("filter\n", nameof(NftFamily.Ipv6), nameof(RulePresence.Absent))]
    public void Read_RulesOfIptablesLegacy_AreUnknown(string names, string family, string expected) => Inside(() =>
    {
        Directory.CreateDirectory(_root + "/thread-self/net");
        File.WriteAllText(_root + "/thread-self/net/ip_tables_names", names);

        var found = ForeignRules.ProxyDropsInvalid(Enum.Parse<NftFamily>(family), _root);

        Assert.Equal(expected, found.Presence.ToString());
        if (found.Presence == RulePresence.Unknown)
            Assert.Contains("Check with iptables-legacy -S KUBE-FORWARD.", found.Reason, StringComparison.Ordinal);
    });

    [Fact]
    public void Read_WithoutNetAdmin_IsUnknown() => Inside(() =>
    {
        UnprivilegedThread.KeepNothing();

        var found = ForeignRules.ProxyDropsInvalid(NftFamily.Ipv4, _root);

        Assert.Equal(RulePresence.Unknown, found.Presence);
        Assert.Contains("CAP_NET_ADMIN is missing", found.Reason, StringComparison.Ordinal);
    });

    // Recreates the recorded rule: its table, chain and expressions.
    private static void Replay(byte[] recorded)
    {
        var writer = new NetlinkWriter(new byte[2048]);
        Delimiter(ref writer, 0x10, 1);
        writer.Begin((NftBatch.SubsystemNftables << 8) | 6, NetlinkFlags.Request | NetlinkFlags.Ack | NetlinkFlags.Create | NetlinkFlags.Append, 2);
        writer.Raw([(byte)NftFamily.Ipv4, 0, 0, 0]);
        var attributes = new NetlinkAttributes(recorded.AsSpan(NetlinkMessage.HeaderLength + 4));
        while (attributes.MoveNext())
        {
            if (attributes.Type is 1 or 2 or 4)
                writer.Attribute((ushort)(attributes.Type | (attributes.Type == 4 ? 0x8000 : 0)), attributes.Value);
        }

        writer.End();
        Delimiter(ref writer, 0x11, 3);
        using var socket = NetlinkSocket.Open(NetlinkFamily.Netfilter);
        socket.Send(writer.Written);
        Assert.Equal(ReceiveOutcome.Data, socket.Receive(10_000, out var answer));
        Assert.Equal(0, BitConverter.ToInt32(answer[NetlinkMessage.HeaderLength..]));
    }

    private static void Delimiter(ref NetlinkWriter writer, ushort type, uint sequence)
    {
        writer.Begin(type, NetlinkFlags.Request, sequence);
        writer.Raw([0, 0, 0, NftBatch.SubsystemNftables]);
        writer.End();
    }

    private static void Inside(Action work)
    {
        using var scratch = new ScratchNamespace();
        scratch.Inside.Run(work);
    }
}
