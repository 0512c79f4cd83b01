using ConntrackConsole.Tests.Cluster;
using Xunit;

namespace ConntrackConsole.Tests.Recordings;

/// <summary>Cuts the watch at each event in turn, in every way: the state is that of an uncut run.</summary>
public class WatchCutTests
{
    private static readonly Cut[] Ways = [.. Enum.GetValues<Cut>().Where(c => c != Cut.Stalled)];

    private const int BurstLines = 8;

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
    public Task OneLine_CutInEachWay_ContinuesAsUncut() => EachInTurnAsync("services-change");

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Names))]
    public Task OneLineOfEveryRecording_CutInEachWay_ContinuesAsUncut(string name) => EachInTurnAsync(name);

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

    // A run is cut once in each burst of lines, and compared after each: lines before and after the cut are under way together.
    // Over all runs each line is cut in each way, and no run replays more than the recording: a run for each cut would cost its square.
    private static async Task EachInTurnAsync(string name)
    {
        var files = new RecordedFiles(name);
        var uncut = new List<string>();
        await using (var run = await RecordedRun.StartAsync(files))
        {
            while (run.Played < files.Lines.Count)
            {
                await run.RushToAsync(EndOf(run.Played));
                uncut.Add(MapText.Of(run.State.Current));
            }
        }

        int happened = 0;
        var runs = from line in Enumerable.Range(0, BurstLines) from way in Enumerable.Range(0, Ways.Length) select (line, way);
        await Parallel.ForEachAsync(runs, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = TestContext.Current.CancellationToken }, async (cut, _) =>
        {
            await using var run = await RecordedRun.StartAsync(files);
            for (int burst = 0; run.Played < files.Lines.Count; burst++)
            {
                int line = run.Played + cut.line;
                var way = Ways[(burst + cut.way) % Ways.Length];
                int end = EndOf(run.Played);
                if (line < end)
                    run.Server.Cuts[line] = way;
                await run.RushToAsync(end);
                Assert.True(run.Server.Cuts.IsEmpty, $"{way} before line {line} did not happen");
                string actual = MapText.Of(run.State.Current);
                Assert.True(uncut[burst] == actual, $"{way} before line {line}, then up to line {end}:\n{actual}\ninstead of\n{uncut[burst]}");
                if (line < end)
                    Interlocked.Increment(ref happened);
            }
        });
        Assert.Equal(files.Lines.Count * Ways.Length, happened);

        int EndOf(int played) => Math.Min(played + BurstLines, files.Lines.Count);
    }

    private static async Task<string> UncutAsync(string name)
    {
        await using var run = await RecordedRun.StartAsync(name);
        await run.RushAsync();
        return MapText.Of(run.State.Current);
    }
}
