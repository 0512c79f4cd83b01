using ConntrackConsole.Tests.Cluster;
using Xunit;

namespace ConntrackConsole.Tests.Recordings;

/// <summary>Plays every recording over HTTP into the real informer.</summary>
public class RecordedRunTests
{
    public static TheoryData<string> Names => RecordedFiles.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Recording_Replayed_MatchesTheFinalList(string name)
    {
        await using var run = await RecordedRun.StartAsync(name);
        Assert.NotEmpty(run.State.Current.Pods);
        Assert.NotEmpty(run.State.Current.Workloads);
        await run.PlayAsync();

        await using var late = await RecordedRun.StartAsync(name, server => server.Released = int.MaxValue);
        Assert.Equal(MapText.Of(late.State.Current), MapText.Of(run.State.Current));
        Assert.Null(run.State.Problem);
        Assert.All(run.State.Kinds, kind => Assert.Null(kind.Problem));
    }
}
