using ConntrackConsole.Tests.Cluster;
using Xunit;

namespace ConntrackConsole.Tests.Recordings;

/// <summary>Cuts the watch at each event in turn, in every way: the final state is that of an uncut run.</summary>
public class WatchCutTests
{
    private static readonly Cut[] Ways = [.. Enum.GetValues<Cut>().Where(c => c != Cut.Stalled)];

    public static TheoryData<string> Names => RecordedFiles.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task EveryLine_CutInTurn_EndsAsUncut(string name)
    {
        string uncut = await UncutAsync(name);
        // Each line is cut in another way, with another offset in each run.
        for (int shift = 0; shift < Ways.Length; shift += 4)
        {
            await using var run = await RecordedRun.StartAsync(name);
            for (int line = 0; line < run.Files.Lines.Count; line++)
                run.Server.Cuts[line] = Ways[(line + shift) % Ways.Length];
            await run.PlayAsync();
            Assert.Empty(run.Server.Cuts);
            Assert.Equal(uncut, MapText.Of(run.State.Current));
        }
    }

    [Fact]
    public Task OneLine_CutInEachWay_EndsAsUncut() => EachInTurnAsync("services-change");

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Names))]
    public Task OneLineOfEveryRecording_CutInEachWay_EndsAsUncut(string name) => EachInTurnAsync(name);

    [Theory]
    [InlineData(Cut.Gone)]
    [InlineData(Cut.GoneEvent)]
    public async Task HistoryExpired_BeforeAPodIsDeleted_NextListDeletesIt(Cut cut)
    {
        await using var run = await RecordedRun.StartAsync("rollout-graceful");
        int line = run.Files.Lines.ToList().FindIndex(l => l.Kind == "pods" && l.Line.StartsWith("""{"type":"DELETED""", StringComparison.Ordinal));
        int lists = run.Server.Lists;
        run.Server.Cuts[line] = cut;
        while (run.Played < line)
            await run.StepAsync();
        int before = run.State.Current.Pods.Count;
        await run.StepAsync();
        Assert.Equal(before - 1, run.State.Current.Pods.Count);
        Assert.Equal(lists + 1, run.Server.Lists);
        Assert.Equal(run.At(run.Files.Lines[line].T), run.State.Terminations.Single(t => t.DeletedMs is not null).DeletedMs);
    }

    [Fact]
    public async Task HalfALine_ThenIdle_IsReopenedWithoutLoss()
    {
        string uncut = await UncutAsync("force-delete");
        await using var run = await RecordedRun.StartAsync("force-delete");
        int line = run.Files.Lines.ToList().FindIndex(l => l.Kind == "pods");
        run.Server.Cuts[line] = Cut.Stalled;
        while (run.Played < line)
            await run.StepAsync();
        var stepped = run.StepAsync();
        await run.UntilAsync(() => run.Server.Cuts.IsEmpty, "the cut");
        Assert.False(stepped.IsCompleted);
        run.Clock.Advance(TimeSpan.FromSeconds(91));
        await stepped;
        await run.RushAsync();
        Assert.Equal(uncut, MapText.Of(run.State.Current));
    }

    [Fact]
    public async Task Lists_PagesOfTwo_AreTheSame()
    {
        await using var whole = await RecordedRun.StartAsync("rollout-graceful");
        await using var paged = await RecordedRun.StartAsync("rollout-graceful", server => server.PageSize = 2);
        Assert.Equal(MapText.Of(whole.State.Current), MapText.Of(paged.State.Current));
        Assert.True(paged.Server.Lists > whole.Server.Lists + 10);
    }

    private static async Task EachInTurnAsync(string name)
    {
        string uncut = await UncutAsync(name);
        int lines = new RecordedFiles(name).Lines.Count;
        var cuts = from line in Enumerable.Range(0, lines) from way in Ways select (line, way);
        await Parallel.ForEachAsync(cuts, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = TestContext.Current.CancellationToken }, async (cut, _) =>
        {
            await using var run = await RecordedRun.StartAsync(name);
            run.Server.Cuts[cut.line] = cut.way;
            await run.RushAsync();
            Assert.True(run.Server.Cuts.IsEmpty, $"{cut} did not happen");
            string end = MapText.Of(run.State.Current);
            Assert.True(uncut == end, $"{cut}:\n{end}\ninstead of\n{uncut}");
        });
    }

    private static async Task<string> UncutAsync(string name)
    {
        await using var run = await RecordedRun.StartAsync(name);
        await run.RushAsync();
        return MapText.Of(run.State.Current);
    }
}
