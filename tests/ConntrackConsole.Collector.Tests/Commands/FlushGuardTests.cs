using ConntrackConsole.Collector.Execute;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Commands;

public class FlushGuardTests
{
    private const long Now = 1_000_000;
    private static readonly Ip[] Own = [Ip.Parse("10.0.0.1"), Ip.Parse("fd00::1")];

    [Theory]
    [InlineData("10.244.1.1", null)]
    [InlineData("fd00:244::1", null)]
    [InlineData("10.0.0.1", "this node")]
    [InlineData("fd00::1", "this node")]
    [InlineData("127.0.0.1", "can have")]
    [InlineData("::1", "can have")]
    [InlineData("0.0.0.0", "can have")]
    [InlineData("0.1.2.3", "can have")]
    [InlineData("255.255.255.255", "can have")]
    [InlineData("224.0.0.1", "can have")]
    [InlineData("ff02::1", "can have")]
    [InlineData("::ffff:10.244.1.1", "plain form")]
    [InlineData("10.244.1.1/32", "plain form")]
    [InlineData("10.244.1", "plain form")]
    [InlineData("0x0af40101", "plain form")]
    [InlineData("[fd00::9]", "plain form")]
    [InlineData("fe80::1%eth0", "plain form")]
    [InlineData(" 10.244.1.1", "plain form")]
    [InlineData("", "plain form")]
    public void RefuseAddress(string address, string? because) => Same(because, FlushGuard.RefuseAddress(address, Own, out _));

    [Theory]
    [InlineData("10.244.1.1", OwnerState.Gone, 0, null)]
    [InlineData("10.244.1.1", OwnerState.Lost, 10_000, null)]
    [InlineData("10.244.1.1", OwnerState.Terminating, 5000, null)]
    [InlineData("10.244.1.1", OwnerState.Live, 0, "live")]
    [InlineData("10.244.1.1", OwnerState.Node, 0, "node")]
    [InlineData("10.244.1.1", OwnerState.Service, 0, "service")]
    [InlineData("10.244.1.1", OwnerState.Unknown, 0, "unknown")]
    [InlineData("10.244.1.1", OwnerState.Gone, 10_001, "old")]
    [InlineData("10.244.1.1", OwnerState.Gone, -10_001, "clock")]
    [InlineData("10.244.1.2", OwnerState.Gone, 0, "about 10.244.1.2")]
    [InlineData("10.244.1.0/24", OwnerState.Gone, 0, "about")]
    public void RefuseStatement(string about, OwnerState state, long ageMs, string? because) => Same(
        because, FlushGuard.RefuseStatement(new OwnershipStatement(about, state, "shop/a", Now - ageMs), Ip.Parse("10.244.1.1"), Now));

    [Theory]
    [InlineData(0, false, null)]
    [InlineData(5000, false, null)]
    [InlineData(5001, false, "second person")]
    [InlineData(20_000, true, null)]
    [InlineData(20_001, true, "narrow it")]
    public void RefuseCount(int count, bool approved, string? because) => Same(because, FlushGuard.RefuseCount(count, approved));

    [Theory]
    [InlineData(60_000, false, null)]
    [InlineData(60_001, false, "60 s ago")]
    [InlineData(900_000, true, null)]
    public void RefuseAge(long ageMs, bool approved, string? because) => Same(because, FlushGuard.RefuseAge(ageMs, approved));

    [Theory]
    [InlineData(FlushPreset.All, OwnerState.Terminating, false, "still runs")]
    [InlineData(FlushPreset.All, OwnerState.Terminating, true, null)]
    [InlineData(FlushPreset.All, OwnerState.Gone, false, null)]
    [InlineData(FlushPreset.DeadBackend, OwnerState.Terminating, false, null)]
    public void RefusePreset(FlushPreset preset, OwnerState owner, bool breakGlass, string? because) =>
        Same(because, FlushGuard.RefusePreset(preset, owner, breakGlass));

    [Fact]
    public void RefuseStatement_OfExtremeTimes_IsASentence()
    {
        var podIp = Ip.Parse("10.244.1.1");
        foreach (long at in (long[])[long.MinValue, long.MaxValue])
            Assert.NotNull(FlushGuard.RefuseStatement(new OwnershipStatement("10.244.1.1", OwnerState.Gone, null, at), podIp, Now));
        Assert.NotNull(FlushGuard.RefuseStatement(null, podIp, Now));
        Assert.NotNull(FlushGuard.RefuseStatement(new OwnershipStatement("10.244.1.1", (OwnerState)99, null, Now), podIp, Now));
    }

    [Theory]
    [InlineData("10.244.1.1", 24, "10.244.1.0 10.244.1.255")]
    [InlineData("10.244.1.1", 32, "")]
    [InlineData("10.244.1.1", 31, "")]
    [InlineData("192.168.3.77", 20, "192.168.0.0 192.168.15.255")]
    [InlineData("fd00:244::5", 64, "fd00:244::")]
    [InlineData("fd00:244::5", 128, "")]
    public void EndsOf_ANetwork_AreItsFirstAndLastAddress(string own, int prefixLength, string ends) =>
        Assert.Equal(ends, string.Join(' ', OwnAddresses.EndsOf(Ip.Parse(own), prefixLength)));

    private static void Same(string? because, string? refusal)
    {
        if (because is null)
            Assert.Null(refusal);
        else
            Assert.Contains(because, refusal, StringComparison.Ordinal);
    }
}
