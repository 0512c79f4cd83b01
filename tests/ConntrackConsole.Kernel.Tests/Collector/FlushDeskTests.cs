using ConntrackConsole.Collector.Execute;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Kernel.Tests.Conntrack;
using ConntrackConsole.Kernel.Tests.Namespaces;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Collector;

public sealed class FlushDeskTests : IDisposable
{
    private const string Pod = "10.244.0.1";
    private const string Flow =
        "-A -p tcp -s 10.1.0.1 -d 10.96.0.1 --sport 1000 --dport 80 -r 10.244.0.1 -q 10.1.0.1 --reply-port-src 8080 --reply-port-dst 1000 --state ESTABLISHED --timeout 250 -u SEEN_REPLY,ASSURED";

    private readonly ScratchNamespace _scratch = new();
    private readonly TemporaryDirectory _state = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly FlushDesk _desk;

    public FlushDeskTests()
    {
        ConntrackProgram.Load(_scratch.Inside, [Flow, Flow.Replace("10.1.0.1", "10.1.0.2"), Flow.Replace(Pod, "10.244.0.2").Replace("10.1.0.1", "10.1.0.3")]);
        _desk = new FlushDesk("node1", _time, new Journal(_state.Path), new Sysctl());
    }

    [Fact]
    public void Flush_OfAPreview_DeletesExactlyItsList()
    {
        var preview = Preview();
        ConntrackProgram.Load(_scratch.Inside, [Flow.Replace("10.1.0.1", "10.1.0.9")]); // made after the listing

        var result = Flush(preview);

        Assert.Null(result.Refusal);
        Assert.Equal((2, 2, 0, 0, 1), (result.Listed, result.Deleted, result.AlreadyGone, result.Alive, result.Remaining));
        Assert.Equal(["10.1.0.3", "10.1.0.9"], ConntrackProgram.List(_scratch.Inside).Select(entry => entry.Src).Order());
    }

    [Fact]
    public void Preview_TellsTheEntriesAndWhatTheFlushWillDo()
    {
        var preview = Preview();

        Assert.Equal(2, preview.Entries.Count);
        Assert.All(preview.Entries, entry => Assert.Equal(FlushEffect.FailsFast, entry.Effect));
        Assert.True(preview.TcpLoose);
    }

    [Fact]
    public void Flush_OfAnEntryThatProvedAlive_LeavesIt()
    {
        var preview = Preview();
        ConntrackProgram.Run(_scratch.Inside, "-U", "-s", "10.1.0.1", "--timeout", "80000"); // as an acknowledged segment does

        var result = Flush(preview);

        Assert.Equal((1, 1), (result.Deleted, result.Alive));
        Assert.Contains(ConntrackProgram.List(_scratch.Inside), entry => entry.Src == "10.1.0.1");
    }

    [Fact]
    public void Flush_Twice_RunsOnce()
    {
        var preview = Preview();
        var first = Flush(preview, "action-1");
        ConntrackProgram.Load(_scratch.Inside, [Flow]);

        Assert.Equal(first, Flush(preview, "action-1"));
        Assert.NotNull(Flush(preview, "action-2").Refusal); // the list is used up
        Assert.Equal(2, ConntrackProgram.List(_scratch.Inside).Count);
    }

    [Fact]
    public void Flush_WrongDigest_UnknownPreview_Expired_OldOrOtherStatement_DeletesNothing()
    {
        var preview = Preview();

        Assert.NotNull(Flush(preview with { Digest = "00" }).Refusal);
        Assert.NotNull(Flush(preview with { PreviewId = "other" }).Refusal);
        Assert.NotNull(Flush(preview, owner: OwnerState.Live).Refusal);
        Assert.NotNull(Flush(preview, ageMs: 11_000).Refusal);
        Assert.NotNull(Flush(preview, about: "10.244.0.2").Refusal);
        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.NotNull(Flush(preview).Refusal);

        Assert.Equal(3, ConntrackProgram.List(_scratch.Inside).Count);
    }

    [Fact]
    public void Preview_OfALiveOwner_IsRefused()
    {
        var preview = _scratch.Inside.Run(() => _desk.Preview(new PreviewRequest("p", Pod, Statement(OwnerState.Live, 0, Pod))));

        Assert.NotNull(preview.Refusal);
        Assert.Empty(preview.Entries);
    }

    [Fact]
    public void Flush_WritesItsJournalBeforeAndAfter()
    {
        Flush(Preview(), "action-7");

        string[] lines = File.ReadAllLines(Path.Combine(_state.Path, "journal.jsonl"));
        Assert.Equal(2, lines.Length);
        Assert.All(lines, line => Assert.Contains("action-7", line, StringComparison.Ordinal));
        Assert.Contains("\"begin\"", lines[0], StringComparison.Ordinal);
        Assert.Contains("\"deleted\":2", lines[1], StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _scratch.Dispose();
        _state.Dispose();
    }

    private FlushPreview Preview()
    {
        var preview = _scratch.Inside.Run(() => _desk.Preview(
            new PreviewRequest(Guid.NewGuid().ToString(), Pod, Statement(OwnerState.Gone, 0, Pod))));
        Assert.Null(preview.Refusal);
        return preview;
    }

    private FlushResult Flush(
        FlushPreview preview, string actionId = "action", OwnerState owner = OwnerState.Gone, long ageMs = 0, string about = Pod) =>
        _scratch.Inside.Run(() => _desk.Flush(new FlushRequest(new OrderNote(actionId, "ada", null, "test", false, long.MaxValue), preview.PreviewId, preview.Digest, Statement(owner, ageMs, about))));

    private OwnershipStatement Statement(OwnerState owner, long ageMs, string about) =>
        new(about, owner, "shop/checkout-1", _time.GetUtcNow().ToUnixTimeMilliseconds() - ageMs);
}
