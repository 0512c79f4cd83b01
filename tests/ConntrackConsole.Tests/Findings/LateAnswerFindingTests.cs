using ConntrackConsole.Diagnosis.Catalog;
using Xunit;

namespace ConntrackConsole.Tests.Findings;

/// <summary>A SYN is repeated for many reasons: source ports clash only where insertions fail at the same time.</summary>
public class LateAnswerFindingTests
{
    [Fact]
    public async Task LateAnswersOfALivePod_AreNothing()
    {
        using var scene = await FindingTests.CalmAsync();
        scene.LateAnswer("node1", 40_000);
        scene.LateAnswer("node1", 40_001);
        scene.Run(3);

        Assert.Empty(await scene.CodesAsync());
    }

    [Fact]
    public async Task LateAnswersWithFailedInsertions_AreM12()
    {
        using var scene = await FindingTests.CalmAsync();
        for (ushort port = 40_000; port < 40_003; port++)
            scene.LateAnswer("node1", port);
        scene.Next("node1", frame => frame.Counters = frame.Counters with { InsertFailed = 3 });
        scene.Run(3);

        Assert.Equal([MechanismCodes.PortClash], await scene.CodesAsync());
    }

    [Fact]
    public async Task LateAnswers_MinutesAfterFailedInsertions_AreNothing()
    {
        using var scene = await FindingTests.CalmAsync();
        scene.Next("node1", frame => frame.Counters = frame.Counters with { InsertFailed = 3 });
        scene.Run(60);
        scene.LateAnswer("node1", 40_000);
        scene.Run(3);

        Assert.Empty(await scene.CodesAsync());
    }

    [Fact]
    public async Task MoreLateAnswersThanFailedInsertions_ExplainsAsManyAsFailed()
    {
        using var scene = await FindingTests.CalmAsync();
        for (ushort port = 40_000; port < 40_005; port++)
            scene.LateAnswer("node1", port);
        scene.Next("node1", frame => frame.Counters = frame.Counters with { InsertFailed = 2 });
        scene.Run(3);

        Assert.Equal([MechanismCodes.PortClash], await scene.CodesAsync());
        Assert.Equal(2, Assert.Single(scene.Round().Findings).Finding.Explains.Count);
    }
}
