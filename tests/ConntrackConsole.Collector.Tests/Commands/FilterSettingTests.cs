using ConntrackConsole.Collector.Commands.Settings;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Collector.Observation;
using ConntrackConsole.Kernel.Nftables;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Commands;

/// <summary>The filter of INVALID packets as a setting, in a real kernel.</summary>
public sealed class FilterSettingTests : IDisposable
{
    private readonly ScratchNamespace _scratch = new();
    private readonly TemporaryDirectory _state = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly SettingHandler _handler;

    public FilterSettingTests() => _handler = new SettingHandler(
        "node1", _time, new ActionJournal(_state.Path, _time), new SettingValues(new Sysctl()), "boot-1", () => null);

    [Theory]
    [InlineData("forward")]
    [InlineData("forward+input")]
    public void Apply_ArmsTheFilter_AndRevertDisarmsIt(string value)
    {
        var result = Apply(value, 60_000);
        var reading = Read();
        var reverted = _scratch.Inside.Run(() => _handler.Revert(
            new RevertNodeCommand(new NodeCommand("r1", "ada", null, "over", false, long.MaxValue), "a1"), stop: TestContext.Current.CancellationToken));

        Assert.Equal((SettingOutcome.Written, "off", value), (result.Outcome, result.Before, result.Now));
        Assert.Equal((value, "a1"), (reading.Value, reading.Open!.ActionId));
        Assert.Contains("has dropped 0 INVALID packets", reading.Detail, StringComparison.Ordinal);
        Assert.Equal((SettingOutcome.Reverted, "off"), (reverted.Outcome, reverted.Now));
        Assert.False(_scratch.Inside.Run(() => ArmedFilter.TryRead(out _)));
    }

    [Fact]
    public void Apply_KernelDisarmsTheFilterByItself()
    {
        Apply("forward", 1000);
        Eventually.True(() => _scratch.Inside.Run(FilterSetting.Read).Value == "off"); // by the kernel's clock, not the test's
        _time.Advance(TimeSpan.FromSeconds(1));
        _scratch.Inside.Run(_handler.Tick);

        var revert = Assert.Single(new ActionJournal(_state.Path).Where(act => act.Begin.Kind == JournalKind.Revert));
        Assert.Equal((JournalOrigin.Timer, SettingOutcome.Reverted), (revert.Begin.Origin, revert.End!.Setting!.Outcome));
        Assert.False(_scratch.Inside.Run(() => ArmedFilter.TryRead(out _)), "the empty table remains");
        Assert.Contains("had dropped 0 INVALID packets", revert.End.Setting.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Apply_KubeProxyDropsInvalid_IsRefused()
    {
        _scratch.Inside.Run(() => new NftBatch(NftFamily.Ipv4).AddTable("filter").AddChain("filter", "KUBE-FORWARD")
            .AddRule("filter", "KUBE-FORWARD", new NftRule().IfInvalid().Drop()).Commit());

        var result = Apply("forward", 60_000);

        Assert.Equal(SettingOutcome.Refused, result.Outcome);
        Assert.Equal(SettingReasons.FilterRedundant, result.Code);
        Assert.False(_scratch.Inside.Run(() => ArmedFilter.TryRead(out _)));
    }

    [Fact]
    public void Apply_ArmedWithoutAJournal_IsRefused()
    {
        _scratch.Inside.Run(() => ArmedFilter.Arm(TimeSpan.FromMinutes(1)));

        var result = _scratch.Inside.Run(() => _handler.Apply(
            Order("forward+input", 60_000) with { Previewed = "forward" }, stop: TestContext.Current.CancellationToken));

        Assert.Equal(SettingOutcome.Refused, result.Outcome);
        Assert.Equal(SettingReasons.FilterArmed, result.Code);
    }

    [Fact]
    public void Sampler_ReadsTheFilterOnlyWhileAChangeIsOpen()
    {
        string? value = null;
        var frame = new NodeFrame { AtMs = 7 };
        var readings = new NodeSampler(new Sysctl(), filter: () => value);
        List<SettingChange> Next()
        {
            frame.Settings.Clear();
            _scratch.Inside.Run(() => readings.Fill(frame));
            return [.. frame.Settings.Where(change => change.Name == SettingCatalog.DropInvalid)];
        }

        Assert.Empty(Next());
        value = "forward";
        Assert.Equal(new SettingChange(7, SettingCatalog.DropInvalid, "", "forward"), Assert.Single(Next()));
        Assert.Empty(Next());
        value = null;
        Assert.Equal(new SettingChange(7, SettingCatalog.DropInvalid, "forward", "off"), Assert.Single(Next()));
        Assert.Empty(Next());
    }

    public void Dispose()
    {
        _scratch.Dispose();
        _state.Dispose();
    }

    private SettingResult Apply(string value, long revertAfterMs) =>
        _scratch.Inside.Run(() => _handler.Apply(Order(value, revertAfterMs), stop: TestContext.Current.CancellationToken));

    private SettingReading Read() => _scratch.Inside.Run(() => _handler.Read(new SettingRequest("q", SettingCatalog.DropInvalid, "forward")));

    private static SettingNodeCommand Order(string value, long revertAfterMs) =>
        new(new NodeCommand("a1", "ada", null, "INC-1", false, long.MaxValue), SettingCatalog.DropInvalid, "off", value, revertAfterMs);
}
