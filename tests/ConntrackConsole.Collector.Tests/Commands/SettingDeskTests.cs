using ConntrackConsole.Collector.Remember;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Commands;

public sealed class SettingDeskTests : IDisposable
{
    private const string Acct = SettingHouse.Acct;

    private readonly SettingHouse _house = new();

    [Fact]
    public void Apply_WritesReadsBackAndTellsWhenItIsSetBack()
    {
        var result = _house.Apply(Acct, "0", "1");

        long revertAt = _house.Time.GetUtcNow().ToUnixTimeMilliseconds() + 60_000;
        Assert.Equal(new SettingResult("a1", "node1", Acct, SettingFate.Written, "0", "1", revertAt, null), result);
        Assert.Equal("1", _house[Acct]);
        var act = _house.Journal.Find("a1")!;
        Assert.Equal(("0", "1", "ada", "INC-1", "boot-1"), (act.Begin.Before, act.Begin.Wanted, act.Begin.Who, act.Begin.Reason, act.Begin.BootId));
        var reading = _house.Desk.Read(new SettingRequest("q", Acct, "1"));
        Assert.Equal(("1", "a1", revertAt), (reading.Value, reading.Open!.ActionId, reading.Open.RevertAtMs));
        Assert.Contains("set that back first", reading.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Apply_WithAnIdThatRan_AnswersTheFirstResultAndWritesNothing()
    {
        var first = _house.Apply(Acct, "0", "1");
        _house[Acct] = "0";

        Assert.Equal(first, _house.Apply(Acct, "0", "1"));
        _house.Start();
        Assert.Equal(first, _house.Apply(Acct, "0", "1"));

        Assert.Equal("0", _house[Acct]);
    }

    [Fact]
    public void Apply_OfAValueThatMoved_DoesNothing_AndNeitherDoesTheSameOrderLater()
    {
        _house[Acct] = "1";
        Assert.Equal(SettingFate.Already, _house.Apply(Acct, "0", "1", "a1").Fate);
        _house[SettingCatalog.Max] = "5000";
        var moved = _house.Apply(SettingCatalog.Max, "4096", "6000", "a2");
        _house[SettingCatalog.Max] = "4096";
        _house[Acct] = "0";

        Assert.Equal((SettingFate.Moved, "5000"), (moved.Fate, moved.Now));
        Assert.Contains("Look again", moved.Sentence, StringComparison.Ordinal);
        Assert.Equal(SettingFate.Moved, _house.Apply(SettingCatalog.Max, "4096", "6000", "a2").Fate);
        Assert.Equal(SettingFate.Already, _house.Apply(Acct, "0", "1", "a1").Fate);
        Assert.Equal(("4096", "0"), (_house[SettingCatalog.Max], _house[Acct]));
        Assert.Empty(_house.Journal.Where(_ => true));
    }

    public static TheoryData<string, string, string?, string?, long, string> AgainstTheRules => new()
    {
        { "unknown", "kernel.hostname", "0", "1", 1000, "is not one of the settings" },
        { "no key", "", "0", "1", 1000, "is not one of the settings" },
        { "not in the list", "net.netfilter.nf_conntrack_tcp_timeout_established", "1", "60", 1000, "is not one of the settings" },
        { "no value", Acct, "0", null, 1000, "takes 0 or 1" },
        { "other value", Acct, "0", "2", 1000, "takes 0 or 1" },
        { "loose off", "net.netfilter.nf_conntrack_tcp_loose", "1", "0", 1000, "takes 1" },
        { "not plain", SettingCatalog.Max, "4096", "+5000", 1000, "whole numbers" },
        { "lower", SettingCatalog.Max, "4096", "2048", 1000, "may only be raised" },
        { "more than memory bears", SettingCatalog.Max, "4096", "655361", 1000, "655360 entries at most" },
        { "for ever", Acct, "0", "1", 0, "must be set back" },
        { "in the past", Acct, "0", "1", -1, "must be set back" },
        { "too long", Acct, "0", "1", 86_400_001, "at most 86400 s" },
        { "log too long", "net.netfilter.nf_conntrack_log_invalid", "1", "6", 60_001, "at most 60 s" },
        { "no IPVS", "ipvs.timeout_tcp", "900", "60", 1000, "IPVS is not loaded" },
        { "off is a revert", SettingCatalog.DropInvalid, "forward", "off", 1000, "setting its change back" },
    };

    [Theory]
    [MemberData(nameof(AgainstTheRules))]
    public void Apply_AgainstTheRules_IsRefused(string rule, string key, string? shown, string? value, long revertAfterMs, string because)
    {
        var result = _house.Apply(key, shown!, value!, "a1", revertAfterMs);

        Assert.True(result.Fate == SettingFate.Refused, rule);
        Assert.Contains(because, result.Sentence, StringComparison.Ordinal);
        Assert.Empty(_house.Journal.Where(_ => true));
    }

    [Fact]
    public void Apply_AsMuchAsMemoryBears_IsWritten() =>
        Assert.Equal(SettingFate.Written, _house.Apply(SettingCatalog.Max, "4096", "655360").Fate);

    [Fact]
    public void Apply_OfASecondChange_IsRefusedUntilTheFirstIsSetBack()
    {
        _house.Apply(Acct, "0", "1");

        var second = _house.Apply(Acct, "1", "0", "a2");

        Assert.Equal(SettingFate.Refused, second.Fate);
        Assert.Contains("by the action a1", second.Sentence, StringComparison.Ordinal);
        Assert.Equal(SettingFate.Written, _house.Apply("net.netfilter.nf_conntrack_timestamp", "1", "0", "a3").Fate);
        Assert.Equal(SettingFate.Reverted, _house.Revert("a1").Fate);
        Assert.Equal(SettingFate.Written, _house.Apply(Acct, "0", "1", "a4").Fate);
    }

    [Fact]
    public void Orders_ThatAreNotWhole_AreRefusedWithASentence()
    {
        var good = _house.Order(Acct, "0", "1");
        var note = good.Order;
        SettingOrder?[] orders =
        [
            null, good with { Order = null! }, good with { Order = note with { ActionId = null! } }, good with { Order = note with { ActionId = "" } },
            good with { Order = note with { ActionId = new string('x', 129) } }, good with { Order = note with { ActionId = "a b" } },
            good with { Order = note with { Reason = " " } }, good with { Order = note with { Reason = null! } },
            good with { Order = note with { Reason = new string('x', 1001) } }, good with { Order = note with { Who = new string('x', 1001) } },
            good with { Order = note with { ApprovedBy = "ADA" } }, good with { Order = note with { ValidUntilMs = note.ValidUntilMs - 30_001 } },
            good with { Order = note with { ValidUntilMs = long.MinValue } }, good with { Key = null! }, good with { Key = new string('k', 100_000) },
            good with { Value = null! }, good with { Value = new string('9', 100_000) }, good with { RevertAfterMs = long.MinValue },
        ];

        Assert.All(orders, order =>
        {
            var result = _house.Desk.Apply(order, stop: TestContext.Current.CancellationToken);
            Assert.Equal(SettingFate.Refused, result.Fate);
            Assert.InRange(result.Sentence!.Length, 20, 1500);
        });
        Assert.All((RevertOrder?[])[null, new(null!, "a1"), new(note, null!), new(note, "unknown")], order =>
            Assert.Equal(SettingFate.Refused, _house.Desk.Revert(order, stop: TestContext.Current.CancellationToken).Fate));
        Assert.All((SettingRequest?[])[null, new(null!, null!, null!), new("q", new string('k', 100_000), "1")], request =>
            Assert.NotNull(_house.Desk.Read(request).Refusal));
        Assert.Equal("0", _house[Acct]);
    }

    [Fact]
    public void Apply_OfAFencedId_IsRefused()
    {
        _house.Journal.TryFence("a1");

        Assert.Equal(SettingFate.Refused, _house.Apply(Acct, "0", "1").Fate);
        Assert.Equal("0", _house[Acct]);
    }

    [Fact]
    public void Apply_WhereTheJournalIsGone_ChangesNothing()
    {
        File.Delete(Path.Combine(_house.State, "journal.jsonl"));

        var result = _house.Apply(Acct, "0", "1");

        Assert.Equal(SettingFate.Refused, result.Fate);
        Assert.Equal("0", _house[Acct]);
    }

    [Fact]
    public void ObserveOnly_RefusesEverythingAndSetsNothingBack()
    {
        _house.Apply(Acct, "0", "1");
        _house.Start(observeOnly: "only looks");
        _house.Pass(TimeSpan.FromMinutes(2));

        Assert.Equal("only looks", _house.Apply("net.netfilter.nf_conntrack_timestamp", "1", "0", "a2").Sentence);
        Assert.Equal("only looks", _house.Revert("a1").Sentence);
        Assert.Equal(("only looks", null), (_house.Desk.Read(new SettingRequest("q", Acct, "1")).Refusal, _house.Desk.Read(new SettingRequest("q", Acct, "1")).Value));
        Assert.Equal("1", _house[Acct]);
    }

    [Fact]
    public void Apply_ThatWasCutOff_IsUnsureForEver_AndStillSetBackAtItsTime()
    {
        Assert.True(_house.Journal.TryBegin(CutOff("a1", "1")));
        _house[Acct] = "1"; // written, and then killed
        _house.Start();

        var told = _house.Apply(Acct, "0", "1");

        Assert.Equal((SettingFate.Unsure, "1", true), (told.Fate, told.Now, told.RevertAtMs is not null));
        Assert.Equal(told, _house.Apply(Acct, "0", "1"));
        _house.Pass(TimeSpan.FromMinutes(1));
        Assert.Equal("0", _house[Acct]);
    }

    [Fact]
    public void Apply_ThatWasCutOffBeforeItsWrite_IsUnsure_AndNothingIsOpen()
    {
        Assert.True(_house.Journal.TryBegin(CutOff("a1", "1")));
        _house.Start();
        _house.Desk.Tick();

        var told = _house.Desk.Recall("a1")!;

        Assert.Equal((SettingFate.Unsure, "0", null), (told.Fate, told.Now, told.RevertAtMs));
        Assert.Equal(SettingFate.Written, _house.Apply(Acct, "0", "1", "a2").Fate);
    }

    private JournalLine CutOff(string id, string wanted) => new()
    {
        Phase = JournalPhase.Begin, At = _house.Time.GetUtcNow(), ActionId = id, Origin = JournalOrigin.Console, Kind = JournalKind.Setting, Target = Acct,
        Who = "ada", Reason = "x", Before = "0", Wanted = wanted, RevertAtMs = _house.Time.GetUtcNow().ToUnixTimeMilliseconds() + 60_000, BootId = "boot-1",
    };

    public void Dispose() => _house.Dispose();
}
