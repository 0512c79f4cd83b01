using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Commands;

public sealed class SettingHandlerTests : IDisposable
{
    private const string Acct = SettingFixture.Acct;

    private readonly SettingFixture _fixture = new();

    [Fact]
    public void Apply_WritesVerifiesAndReturnsTheRevertTime()
    {
        var result = _fixture.Apply(Acct, "0", "1");

        long revertAt = _fixture.Time.GetUtcNow().ToUnixTimeMilliseconds() + 60_000;
        Assert.Equal(new SettingResult("a1", "node1", Acct, SettingOutcome.Written, "0", "1", revertAt, null), result);
        Assert.Equal("1", _fixture[Acct]);
        var act = _fixture.Journal.Find("a1")!;
        Assert.Equal(("0", "1", "ada", "INC-1", "boot-1"), (act.Begin.Before, act.Begin.Wanted, act.Begin.Who, act.Begin.Reason, act.Begin.BootId));
        var reading = _fixture.Handler.Read(new SettingRequest("q", Acct, "1"));
        Assert.Equal(("1", "a1", revertAt), (reading.Value, reading.Open!.ActionId, reading.Open.RevertAtMs));
        Assert.Equal(SettingReasons.OpenChange, reading.RefusalCode);
    }

    [Fact]
    public void Apply_RepeatedId_ReturnsTheFirstResultAndWritesNothing()
    {
        var first = _fixture.Apply(Acct, "0", "1");
        _fixture[Acct] = "0";

        Assert.Equal(first, _fixture.Apply(Acct, "0", "1"));
        _fixture.Start();
        Assert.Equal(first, _fixture.Apply(Acct, "0", "1"));

        Assert.Equal("0", _fixture[Acct]);
    }

    [Fact]
    public void Apply_ValueChangedSinceThePreview_DoesNothingThenAndLater()
    {
        _fixture[Acct] = "1";
        Assert.Equal(SettingOutcome.Already, _fixture.Apply(Acct, "0", "1", "a1").Outcome);
        _fixture[SettingCatalog.Max] = "5000";
        var moved = _fixture.Apply(SettingCatalog.Max, "4096", "6000", "a2");
        _fixture[SettingCatalog.Max] = "4096";
        _fixture[Acct] = "0";

        Assert.Equal((SettingOutcome.Moved, "5000"), (moved.Outcome, moved.Now));
        Assert.Equal(SettingReasons.Moved, moved.Code);
        Assert.Equal(SettingOutcome.Moved, _fixture.Apply(SettingCatalog.Max, "4096", "6000", "a2").Outcome);
        Assert.Equal(SettingOutcome.Already, _fixture.Apply(Acct, "0", "1", "a1").Outcome);
        Assert.Equal(("4096", "0"), (_fixture[SettingCatalog.Max], _fixture[Acct]));
        Assert.Empty(_fixture.Journal.Where(_ => true));
    }

    public static TheoryData<string, string, string?, string?, long, string> AgainstTheRules => new()
    {
        { "unknown", "kernel.hostname", "0", "1", 1000, "setting.unknown_key" },
        { "no key", "", "0", "1", 1000, "setting.unknown_key" },
        { "not in the list", "net.netfilter.nf_conntrack_tcp_timeout_established", "1", "60", 1000, "setting.unknown_key" },
        { "no value", Acct, "0", null, 1000, "setting.invalid_value" },
        { "other value", Acct, "0", "2", 1000, "setting.invalid_value" },
        { "loose off", "net.netfilter.nf_conntrack_tcp_loose", "1", "0", 1000, "setting.invalid_value" },
        { "not plain", SettingCatalog.Max, "4096", "+5000", 1000, "setting.invalid_value" },
        { "lower", SettingCatalog.Max, "4096", "2048", 1000, "setting.only_up" },
        { "more than memory bears", SettingCatalog.Max, "4096", "655361", 1000, "setting.memory_exceeded" },
        { "without a time", Acct, "0", "1", 0, "setting.invalid_revert_time" },
        { "negative time", Acct, "0", "1", -1, "setting.invalid_revert_time" },
        { "too long", Acct, "0", "1", 86_400_001, "setting.invalid_revert_time" },
        { "log too long", "net.netfilter.nf_conntrack_log_invalid", "1", "6", 60_001, "setting.invalid_revert_time" },
        { "no IPVS", "ipvs.timeout_tcp", "900", "60", 1000, "setting.not_ipvs" },
        { "off is a revert", SettingCatalog.DropInvalid, "forward", "off", 1000, "setting.filter_off" },
    };

    [Theory]
    [MemberData(nameof(AgainstTheRules))]
    public void Apply_InvalidCommand_IsRefused(string rule, string key, string? shown, string? value, long revertAfterMs, string code)
    {
        var result = _fixture.Apply(key, shown!, value!, "a1", revertAfterMs);

        Assert.True(result.Outcome == SettingOutcome.Refused, rule);
        Assert.Equal(code, result.Code);
        Assert.Empty(_fixture.Journal.Where(_ => true));
    }

    [Fact]
    public void Apply_MaximumForTheMemory_IsWritten() =>
        Assert.Equal(SettingOutcome.Written, _fixture.Apply(SettingCatalog.Max, "4096", "655360").Outcome);

    [Fact]
    public void Apply_SecondChange_IsRefusedUntilTheFirstIsReverted()
    {
        _fixture.Apply(Acct, "0", "1");

        var second = _fixture.Apply(Acct, "1", "0", "a2");

        Assert.Equal(SettingOutcome.Refused, second.Outcome);
        Assert.Equal(SettingReasons.OpenChange, second.Code);
        Assert.Contains("by the action a1", second.Message, StringComparison.Ordinal);
        Assert.Equal(SettingOutcome.Written, _fixture.Apply("net.netfilter.nf_conntrack_timestamp", "1", "0", "a3").Outcome);
        Assert.Equal(SettingOutcome.Reverted, _fixture.Revert("a1").Outcome);
        Assert.Equal(SettingOutcome.Written, _fixture.Apply(Acct, "0", "1", "a4").Outcome);
    }

    [Fact]
    public void Commands_Malformed_AreRefused()
    {
        var good = _fixture.Order(Acct, "0", "1");
        var note = good.Command;
        SettingNodeCommand?[] orders =
        [
            null, good with { Command = null! }, good with { Command = note with { ActionId = null! } }, good with { Command = note with { ActionId = "" } },
            good with { Command = note with { ActionId = new string('x', 129) } }, good with { Command = note with { ActionId = "a b" } },
            good with { Command = note with { Reason = " " } }, good with { Command = note with { Reason = null! } },
            good with { Command = note with { Reason = new string('x', 1001) } }, good with { Command = note with { Who = new string('x', 1001) } },
            good with { Command = note with { ApprovedBy = "ADA" } }, good with { Command = note with { ValidUntilMs = note.ValidUntilMs - 30_001 } },
            good with { Command = note with { ValidUntilMs = long.MinValue } }, good with { Key = null! }, good with { Key = new string('k', 100_000) },
            good with { Value = null! }, good with { Value = new string('9', 100_000) }, good with { RevertAfterMs = long.MinValue },
        ];

        Assert.All(orders, order =>
        {
            var result = _fixture.Handler.Apply(order, stop: TestContext.Current.CancellationToken);
            Assert.Equal(SettingOutcome.Refused, result.Outcome);
            Assert.InRange(result.Message!.Length, 20, 1500);
            Assert.Matches("^(setting|node)\\.[a-z_]+$", result.Code);
        });
        Assert.All((RevertNodeCommand?[])[null, new(null!, "a1"), new(note, null!), new(note, "unknown")], order =>
            Assert.Equal(SettingOutcome.Refused, _fixture.Handler.Revert(order, stop: TestContext.Current.CancellationToken).Outcome));
        Assert.All((SettingRequest?[])[null, new(null!, null!, null!), new("q", new string('k', 100_000), "1")], request =>
            Assert.NotNull(_fixture.Handler.Read(request).Refusal));
        Assert.Equal("0", _fixture[Acct]);
    }

    [Fact]
    public void Apply_FencedId_IsRefused()
    {
        _fixture.Journal.TryFence("a1");

        Assert.Equal(SettingOutcome.Refused, _fixture.Apply(Acct, "0", "1").Outcome);
        Assert.Equal("0", _fixture[Acct]);
    }

    [Fact]
    public void Apply_MissingJournal_ChangesNothing()
    {
        File.Delete(Path.Combine(_fixture.State, "journal.jsonl"));

        var result = _fixture.Apply(Acct, "0", "1");

        Assert.Equal(SettingOutcome.Refused, result.Outcome);
        Assert.Equal("0", _fixture[Acct]);
    }

    [Fact]
    public void ObserveOnly_RefusesEverythingAndRevertsNothing()
    {
        _fixture.Apply(Acct, "0", "1");
        _fixture.Start(observeOnly: new Reason(NodeReasons.ObserveOnly, "only looks"));
        _fixture.Pass(TimeSpan.FromMinutes(2));

        Assert.Equal("only looks", _fixture.Apply("net.netfilter.nf_conntrack_timestamp", "1", "0", "a2").Message);
        Assert.Equal(("only looks", NodeReasons.ObserveOnly), (_fixture.Revert("a1").Message, _fixture.Revert("a1").Code));
        Assert.Equal(("only looks", null), (_fixture.Handler.Read(new SettingRequest("q", Acct, "1")).Refusal, _fixture.Handler.Read(new SettingRequest("q", Acct, "1")).Value));
        Assert.Equal("1", _fixture[Acct]);
    }

    [Fact]
    public void Apply_InterruptedAfterItsWrite_StaysUnsureAndIsRevertedWhenItExpires()
    {
        Assert.True(_fixture.Journal.TryBegin(CutOff("a1", "1")));
        _fixture[Acct] = "1"; // written before the interruption
        _fixture.Start();

        var result = _fixture.Apply(Acct, "0", "1");

        Assert.Equal((SettingOutcome.Unsure, "1", true), (result.Outcome, result.Now, result.RevertAtMs is not null));
        Assert.Equal(result, _fixture.Apply(Acct, "0", "1"));
        _fixture.Pass(TimeSpan.FromMinutes(1));
        Assert.Equal("0", _fixture[Acct]);
    }

    [Fact]
    public void Apply_InterruptedBeforeItsWrite_IsUnsureAndNotOpen()
    {
        Assert.True(_fixture.Journal.TryBegin(CutOff("a1", "1")));
        _fixture.Start();
        _fixture.Handler.Tick();

        var result = _fixture.Handler.Recall("a1")!;

        Assert.Equal((SettingOutcome.Unsure, "0", null), (result.Outcome, result.Now, result.RevertAtMs));
        Assert.Equal(SettingOutcome.Written, _fixture.Apply(Acct, "0", "1", "a2").Outcome);
    }

    private JournalLine CutOff(string id, string wanted) => new()
    {
        Phase = JournalPhase.Begin, At = _fixture.Time.GetUtcNow(), ActionId = id, Origin = JournalOrigin.Console, Kind = JournalKind.Setting, Target = Acct,
        Who = "ada", Reason = "x", Before = "0", Wanted = wanted, RevertAtMs = _fixture.Time.GetUtcNow().ToUnixTimeMilliseconds() + 60_000, BootId = "boot-1",
    };

    public void Dispose() => _fixture.Dispose();
}
