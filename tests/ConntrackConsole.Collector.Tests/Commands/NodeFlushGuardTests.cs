using ConntrackConsole.Collector.Commands;
using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Commands;

public class NodeFlushGuardTests
{
    private const long Now = 1_000_000;
    private static readonly Ip[] Own = [Ip.Parse("10.0.0.1"), Ip.Parse("fd00::1")];

    [Theory]
    [InlineData("10.244.1.1", null)]
    [InlineData("fd00:244::1", null)]
    [InlineData("10.0.0.1", "flush.node_address")]
    [InlineData("fd00::1", "flush.node_address")]
    [InlineData("127.0.0.1", "flush.address_not_pod")]
    [InlineData("::1", "flush.address_not_pod")]
    [InlineData("0.0.0.0", "flush.address_not_pod")]
    [InlineData("0.1.2.3", "flush.address_not_pod")]
    [InlineData("255.255.255.255", "flush.address_not_pod")]
    [InlineData("224.0.0.1", "flush.address_not_pod")]
    [InlineData("ff02::1", "flush.address_not_pod")]
    [InlineData("::ffff:10.244.1.1", "flush.invalid_address")]
    [InlineData("10.244.1.1/32", "flush.invalid_address")]
    [InlineData("10.244.1", "flush.invalid_address")]
    [InlineData("0x0af40101", "flush.invalid_address")]
    [InlineData("[fd00::9]", "flush.invalid_address")]
    [InlineData("fe80::1%eth0", "flush.invalid_address")]
    [InlineData(" 10.244.1.1", "flush.invalid_address")]
    [InlineData("", "flush.invalid_address")]
    public void RefuseAddress(string address, string? code) => Same(code, NodeFlushGuard.RefuseAddress(address, Own, out _));

    [Theory]
    [InlineData("10.244.1.1", OwnerState.Gone, 0, null)]
    [InlineData("10.244.1.1", OwnerState.Lost, 10_000, null)]
    [InlineData("10.244.1.1", OwnerState.Terminating, 5000, null)]
    [InlineData("10.244.1.1", OwnerState.Live, 0, "flush.owner_live")]
    [InlineData("10.244.1.1", OwnerState.Node, 0, "flush.node_address")]
    [InlineData("10.244.1.1", OwnerState.Service, 0, "flush.owner_service")]
    [InlineData("10.244.1.1", OwnerState.Unknown, 0, "flush.owner_unknown")]
    [InlineData("10.244.1.1", OwnerState.Gone, 10_001, "flush.cluster_stale")]
    [InlineData("10.244.1.1", OwnerState.Gone, -10_001, "flush.statement_future")]
    [InlineData("10.244.1.2", OwnerState.Gone, 0, "flush.statement_mismatch")]
    [InlineData("10.244.1.0/24", OwnerState.Gone, 0, "flush.statement_mismatch")]
    public void RefuseStatement(string about, OwnerState state, long ageMs, string? code) => Same(
        code, NodeFlushGuard.RefuseStatement(new OwnershipStatement(about, state, "shop/a", Now - ageMs), Ip.Parse("10.244.1.1"), Now));

    // The console states that the live owner is no backend of the scope's Service; without a scope that statement means nothing.
    [Theory]
    [InlineData(OwnerState.Live, true, true, null)]
    [InlineData(OwnerState.Live, true, false, "flush.owner_live")]
    [InlineData(OwnerState.Live, false, true, "flush.owner_live")]
    [InlineData(OwnerState.Node, true, true, "flush.node_address")]
    public void RefuseStatement_NotABackend(OwnerState state, bool notBackend, bool isScoped, string? code)
    {
        Assert.True(FlushFilter.TryParse(FlushPreset.DeadBackend, isScoped ? new FlushScope("tcp", "10.96.0.10", 80) : null, out var filter, out _));
        Same(code, NodeFlushGuard.RefuseStatement(new OwnershipStatement("10.244.1.1", state, "shop/b", Now, notBackend), Ip.Parse("10.244.1.1"), Now, filter));
    }

    // The owner's own NodePorts and hostPorts may be at the same address: only one port and protocol contain none of its entries.
    [Theory]
    [InlineData("tcp", "10.96.0.10", 80, null)]
    [InlineData(null, "10.96.0.10", 80, "flush.owner_live")]
    [InlineData("tcp", "10.96.0.10", null, "flush.owner_live")]
    [InlineData("tcp", null, null, "flush.owner_live")]
    public void RefuseStatement_NotABackend_NeedsExactlyOnePort(string? proto, string? vip, int? port, string? code)
    {
        Assert.True(FlushFilter.TryParse(FlushPreset.DeadBackend, new FlushScope(proto, vip, port), out var filter, out _));

        Same(code, NodeFlushGuard.RefuseStatement(new OwnershipStatement("10.244.1.1", OwnerState.Live, "shop/b", Now, true), Ip.Parse("10.244.1.1"), Now, filter));
    }

    [Theory]
    [InlineData("udp", "10.96.0.10", 53, null)]
    [InlineData(null, "10.96.0.10", 53, "flush.owner_service")]
    [InlineData("udp", "10.96.0.10", null, "flush.owner_service")]
    [InlineData("udp", "10.96.0.11", 53, "flush.owner_service")]
    [InlineData("udp", null, null, "flush.owner_service")]
    public void RefuseStatement_ServiceAddress_NeedsExactlyOnePort(string? proto, string? vip, int? port, string? code)
    {
        Assert.True(FlushFilter.TryParse(FlushPreset.DeadBackend, new FlushScope(proto, vip, port), out var filter, out _));

        Same(code, NodeFlushGuard.RefuseStatement(new OwnershipStatement("10.96.0.10", OwnerState.Service, "k4/dns", Now), Ip.Parse("10.96.0.10"), Now, filter));
    }

    [Theory]
    [InlineData(0, false, null)]
    [InlineData(5000, false, null)]
    [InlineData(5001, false, "flush.approval_required")]
    [InlineData(20_000, true, null)]
    [InlineData(20_001, true, "flush.too_many_entries")]
    public void RefuseCount(int count, bool approved, string? code) => Same(code, NodeFlushGuard.RefuseCount(count, approved));

    [Theory]
    [InlineData(60_000, false, null)]
    [InlineData(60_001, false, "flush.preview_expired")]
    [InlineData(900_000, true, null)]
    public void RefuseAge(long ageMs, bool approved, string? code) => Same(code, NodeFlushGuard.RefuseAge(ageMs, approved));

    [Theory]
    [InlineData(FlushPreset.All, OwnerState.Terminating, false, "flush.preset_needs_break_glass")]
    [InlineData(FlushPreset.All, OwnerState.Terminating, true, null)]
    [InlineData(FlushPreset.All, OwnerState.Gone, false, null)]
    [InlineData(FlushPreset.DeadBackend, OwnerState.Terminating, false, null)]
    public void RefusePreset(FlushPreset preset, OwnerState owner, bool breakGlass, string? code) =>
        Same(code, NodeFlushGuard.RefusePreset(preset, owner, breakGlass));

    [Fact]
    public void RefuseStatement_ExtremeTimes_IsRefused()
    {
        var podIp = Ip.Parse("10.244.1.1");
        foreach (long at in (long[])[long.MinValue, long.MaxValue])
            Assert.NotNull(NodeFlushGuard.RefuseStatement(new OwnershipStatement("10.244.1.1", OwnerState.Gone, null, at), podIp, Now));
        Assert.NotNull(NodeFlushGuard.RefuseStatement(null, podIp, Now));
        Assert.NotNull(NodeFlushGuard.RefuseStatement(new OwnershipStatement("10.244.1.1", (OwnerState)99, null, Now), podIp, Now));
    }

    [Theory]
    [InlineData("10.244.1.1", 24, "10.244.1.0 10.244.1.255")]
    [InlineData("10.244.1.1", 32, "")]
    [InlineData("10.244.1.1", 31, "")]
    [InlineData("192.168.3.77", 20, "192.168.0.0 192.168.15.255")]
    [InlineData("fd00:244::5", 64, "fd00:244::")]
    [InlineData("fd00:244::5", 128, "")]
    public void EndsOf_Network_AreItsFirstAndLastAddress(string own, int prefixLength, string ends) =>
        Assert.Equal(ends, string.Join(' ', OwnAddresses.EndsOf(Ip.Parse(own), prefixLength)));

    private static void Same(string? code, Reason? refusal)
    {
        Assert.Equal(code, refusal?.Code);
        Assert.NotEqual("", refusal?.Message);
    }
}
