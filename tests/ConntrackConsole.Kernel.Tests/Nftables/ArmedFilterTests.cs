using System.Diagnostics;
using System.Reflection;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Nftables;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Nftables;

public sealed class ArmedFilterTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Arm_InvalidSegmentsThroughTheNode_AreDroppedUntilTheKernelEndsIt(bool v6)
    {
        using var path = new InvalidPath(v6);
        Assert.True(path.Passes());

        path.InNode(() => ArmedFilter.Arm(TimeSpan.FromMinutes(10)));

        Assert.False(path.Passes());
        Assert.Equal(new NftCount(1, v6 ? 60u : 40u), path.State().Forward);

        path.InNode(() => ArmedFilter.Arm(TimeSpan.FromSeconds(1)));
        for (var waited = Stopwatch.StartNew(); path.State().IsArmed;)
            Assert.InRange(waited.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(60));

        Assert.True(path.Passes());
        Assert.Equal(new ArmedState(TimeSpan.Zero, TimeSpan.Zero, new NftCount(1, v6 ? 60u : 40u), Input: null), path.State());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Arm_InvalidSegmentsForTheNode_AreDroppedOnlyIfRequested(bool v6)
    {
        using var path = new InvalidPath(v6, throughTheNode: false);
        path.InNode(() => ArmedFilter.Arm(TimeSpan.FromMinutes(10)));
        Assert.True(path.Passes());

        path.InNode(() => ArmedFilter.Arm(TimeSpan.FromMinutes(10), input: true));

        Assert.False(path.Passes());
        Assert.Equal((0ul, 1ul), (path.State().Forward!.Value.Packets, path.State().Input!.Value.Packets));

        path.InNode(() => ArmedFilter.Arm(TimeSpan.FromMinutes(10)));
        Assert.True(path.Passes());
        Assert.Null(path.State().Input);
    }

    [Fact]
    public void Arm_Again_NeverLetsASegmentThrough()
    {
        using var path = new InvalidPath();
        path.InNode(() => ArmedFilter.Arm(TimeSpan.FromMinutes(10)));
        using var armedAgain = new CancellationTokenSource();
        int sent = 0;
        var sender = new Thread(() =>
        {
            for (; !armedAgain.IsCancellationRequested; sent++)
                path.Send();
        });
        sender.Start();
        path.InNode(() =>
        {
            for (int i = 0; i < 200; i++)
                ArmedFilter.Arm(TimeSpan.FromMinutes(10));
        });
        armedAgain.Cancel();
        sender.Join();

        path.InNode(ArmedFilter.Disarm);
        uint first = path.Send();

        Assert.InRange(sent, 20, int.MaxValue);
        Assert.Equal(first, path.Received());
    }

    [Fact]
    public void Arm_Again_TheNewDurationApplies() => Inside(() =>
    {
        ArmedFilter.Arm(TimeSpan.FromSeconds(60));
        var first = Read();
        ArmedFilter.Arm(TimeSpan.FromSeconds(600));
        var longer = Read();
        ArmedFilter.Arm(TimeSpan.FromSeconds(60));
        var shorter = Read();

        foreach (var state in (ArmedState[])[first, shorter])
        {
            Assert.InRange(state.Ipv4, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
            Assert.InRange(state.Ipv6, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
        }

        Assert.InRange(longer.Ipv4, TimeSpan.FromSeconds(61), TimeSpan.FromSeconds(600));
        Assert.InRange(longer.Ipv6, TimeSpan.FromSeconds(61), TimeSpan.FromSeconds(600));
        Assert.Equal(new NftCount(0, 0), longer.Forward);
    });

    [Fact]
    public void Disarm_RemovesOnlyOurTable() => Inside(() =>
    {
        ArmedFilter.Disarm();
        foreach (var family in Enum.GetValues<NftFamily>())
            new NftBatch(family).AddTable("other").AddChain("other", "c").AddRule("other", "c", new NftRule().Drop()).Commit();
        new NftBatch(NftFamily.Ipv4).AddTable(ArmedFilter.Table).AddChain(ArmedFilter.Table, "c").AddRule(ArmedFilter.Table, "c", new NftRule().Drop()).Commit();
        ArmedFilter.Arm(TimeSpan.FromMinutes(1), input: true);

        ArmedFilter.Disarm();
        ArmedFilter.Disarm();

        Assert.False(ArmedFilter.TryRead(out _));
        foreach (var (family, table) in Enum.GetValues<NftFamily>().Select(family => (family, "other")).Append((NftFamily.Ipv4, ArmedFilter.Table)))
        {
            Assert.Equal(Errno.Ok, NftDump.TryRules(family, table, chain: null, out var rules));
            Assert.Single(rules);
        }
    });

    [Fact]
    public void TryRead_NeverArmed_ReturnsFalse() => Inside(() => Assert.False(ArmedFilter.TryRead(out _)));

    [Fact]
    public void State_RuleRemovedByAnotherProgram_IsNotArmed() => Inside(() =>
    {
        ArmedFilter.Arm(TimeSpan.FromMinutes(1));
        Assert.True(Read().IsArmed);

        new NftBatch(NftFamily.Inet).ClearChain(ArmedFilter.Table, ArmedFilter.Forward).Commit();

        Assert.Null(Read().Forward);
        Assert.False(Read().IsArmed);
        ArmedFilter.Arm(TimeSpan.FromMinutes(1));
        Assert.True(Read().IsArmed);
    });

    [Fact]
    public void Arm_WithNetAdminAlone_Works() => Inside(() =>
    {
        UnprivilegedThread.KeepNetAdmin();
        ArmedFilter.Arm(TimeSpan.FromMinutes(1), input: true);
        Assert.True(Read().IsArmed);
        ArmedFilter.Disarm();
        Assert.False(ArmedFilter.TryRead(out _));
    });

    [Fact]
    public void Arm_WithoutNetAdmin_NamesTheCapability() => Inside(() =>
    {
        UnprivilegedThread.KeepNothing();
        foreach (var attempt in (Action[])[() => ArmedFilter.Arm(TimeSpan.FromMinutes(1)), ArmedFilter.Disarm, () => ArmedFilter.TryRead(out _)])
        {
            var refused = Assert.Throws<NetlinkException>(attempt);
            Assert.Equal(Errno.EPERM, refused.Errno);
            Assert.Contains("CAP_NET_ADMIN is missing", refused.Message, StringComparison.Ordinal);
        }
    });

    [Fact]
    public void Arm_DurationOutOfRange_IsRejected()
    {
        foreach (var duration in (TimeSpan[])[TimeSpan.Zero, TimeSpan.FromSeconds(-1), TimeSpan.FromTicks(1), ArmedFilter.MaxDuration + TimeSpan.FromTicks(1), Timeout.InfiniteTimeSpan])
            Assert.Throws<ArgumentOutOfRangeException>(() => ArmedFilter.Arm(duration));
    }

    [Fact]
    public void Batch_HasNoPublicWayToRemoveATable()
    {
        var changes = typeof(NftBatch).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(method => !method.Name.StartsWith("Add", StringComparison.Ordinal)).Select(method => method.Name);
        Assert.Equal(["ClearChain", "Commit"], changes.Order(StringComparer.Ordinal));
        Assert.Empty(typeof(NftBatch).GetMethod("DeleteOwnTable", BindingFlags.NonPublic | BindingFlags.Instance)!.GetParameters());
    }

    // As shown by strace for nft 1.0.6 with the same table, except for the order of attributes and nft's own user data.
    [Fact]
    public void Batch_HasTheExpectedBytes()
    {
        const string table = "16000100636F6E6E747261636B5F636F6E736F6C65000000"; // conntrack_console
        string bytes = Convert.ToHexString(ArmedFilter.Batch(TimeSpan.FromSeconds(5), new NftCount(1, 40), input: null).Encode(out uint last));

        Assert.Equal(9u, last);
        Assert.Equal(
            "14000000" + "1000" + "0100" + "01000000" + "00000000" + "0000000A"                                                        // batch begin, subsystem 10
            + "2C000000" + "000A" + "0504" + "02000000" + "00000000" + "01000000" + table                                              // NEWTABLE, create; inet
            + "2C000000" + "020A" + "0500" + "03000000" + "00000000" + "01000000" + table                                              // DELTABLE
            + "2C000000" + "000A" + "0504" + "04000000" + "00000000" + "01000000" + table                                              // NEWTABLE
            + "58000000" + "090A" + "0504" + "05000000" + "00000000" + "01000000" + table + "0A00020061726D6564000000"                 // NEWSET armed
            + "0800030000000010" + "0800040000000002" + "0800050000000001" + "08000A0000000001"                                        // timeouts; type nf_proto, 1 byte; id 1
            + "580000000C0A0504060000000000000001000000" + table + "0A00020061726D6564000000"                                          // NEWSETELEM
            + "20000380" + "1C000180" + "0C0001800500010002000000" + "0C0004000000000000001388"                                        // NFPROTO_IPV4, 5000 ms
            + "580000000C0A0504070000000000000001000000" + table + "0A00020061726D6564000000"                                          // NEWSETELEM
            + "20000380" + "1C000180" + "0C000180050001000A000000" + "0C0004000000000000001388"                                        // NFPROTO_IPV6, 5000 ms
            + "58000000030A0504080000000000000001000000" + table + "0C000300666F727761726400"                                          // NEWCHAIN forward
            + "14000480" + "0800010000000002" + "08000200FFFFFFF6" + "0B00070066696C7465720000"                                        // hook forward, priority -10, type filter
            + "74010000060A050C090000000000000001000000" + table + "0C000200666F727761726400" + "3C010480"                             // NEWRULE, append
            + "20000180" + "0700010063740000" + "14000280" + "0800010000000001" + "0800020000000000"                                   // ct load state => reg 1
            + "44000180" + "0C0001006269747769736500" + "34000280" + "0800010000000001" + "0800020000000001"                           // bitwise reg 1 =
            + "0800030000000004" + "0C0004800800010001000000" + "0C0005800800010000000000"                                             // reg 1 & 1 ^ 0
            + "2C000180" + "08000100636D7000" + "20000280" + "0800010000000001" + "0800020000000001" + "0C0003800800010000000000"      // cmp neq reg 1 0
            + "24000180" + "090001006D65746100000000" + "14000280" + "0800010000000001" + "080002000000000F"                           // meta load nfproto => reg 1
            + "28000180" + "0B0001006C6F6F6B75700000" + "18000280" + "0A00010061726D6564000000" + "0800020000000001"                   // lookup reg 1 set armed
            + "2C000180" + "0C000100636F756E74657200" + "1C000280" + "0C0001000000000000000028" + "0C0002000000000000000001"           // counter: 40 bytes, 1 packet
            + "30000180" + "0E000100696D6D656469617465000000" + "1C000280" + "0800010000000000" + "100002800C0002800800010000000000"   // immediate reg 0 drop
            + "14000000" + "1100" + "0100" + "0A000000" + "00000000" + "0000000A",                                                     // batch end
            bytes);
    }

    private static ArmedState Read()
    {
        Assert.True(ArmedFilter.TryRead(out var state));
        return state;
    }

    private static void Inside(Action work)
    {
        using var scratch = new ScratchNamespace();
        scratch.Inside.Run(work);
    }
}
