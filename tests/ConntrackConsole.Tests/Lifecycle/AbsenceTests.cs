using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;
using ConntrackConsole.Tests.Cluster;
using Xunit;
using static ConntrackConsole.Tests.Cluster.ClusterScenario;

namespace ConntrackConsole.Tests.Lifecycle;

/// <summary>What ended between two runs of the console.</summary>
public class AbsenceTests
{
    private const string Slice =
        """
        {"metadata":{"uid":"s1","namespace":"shop","name":"own-1","labels":{"kubernetes.io/service-name":"own"} },"addressType":"IPv4","ports":[{"port":8080}],
        "endpoints":[{"addresses":["10.1.0.5"],"conditions":{"ready":true,"serving":true,"terminating":false},"targetRef":{"kind":"Pod","namespace":"shop","name":"own-aaa-11111","uid":"uid-own-aaa-11111"} }]}
        """;

    [Fact]
    public void DualStackPod_EndedBetweenTwoRuns_KeepsItsServiceAndPodIp()
    {
        string both = "\"phase\":\"Running\",\"podIPs\":[{\"ip\":\"10.1.0.5\"},{\"ip\":\"fd00::5\"}]";
        // Whichever address the earlier run had first.
        foreach (bool reversed in (bool[])[false, true])
        {
            var before = new ClusterScenario().Apply(0, "replicasets", Set("aaa", 1, 1, 1, 1)).Pod(0, PodJson("own-aaa-11111", status: both)).Apply(0, "endpointslices", Slice);
            var ended = Assert.Single(After(before, 30, reversed, scenario => scenario.Apply(30, "replicasets", Set("aaa", 1, 1, 1, 1))).State.Terminations);
            Assert.Equal(Ip.Parse("10.1.0.5"), ended.PodIp);
            Assert.Equal(new ServiceKey("shop", "own"), ended.Service);
            Assert.True(ended.EndpointRemovedMs is { } removedMs && ended.IsBounded(removedMs));
            Assert.True(ended.DeletedMs is { } deletedMs && ended.IsBounded(deletedMs));
        }
    }

    [Fact]
    public void Pod_TerminatingWhenListed_KeepsTheServiceThatItHadBefore()
    {
        var before = new ClusterScenario().Apply(0, "replicasets", Set("aaa", 1, 1, 1, 1)).Pod(0, PodJson("own-aaa-11111")).Apply(0, "endpointslices", Slice);
        var after = After(before, 30, false, scenario => scenario.Pod(30, PodJson("own-aaa-11111", meta: Deletion(25, 30))));
        Assert.Equal(new ServiceKey("shop", "own"), Assert.Single(after.State.Terminations).Service);
    }

    [Theory]
    [InlineData(30)]
    [InlineData(3_600)]
    public void LonePod_GoneAfterAnAbsence_SaysNothingAboutItsNamespace(int seconds)
    {
        var before = new ClusterScenario().Pod(0, PodJson("job-x", "Job"));
        var after = After(before, seconds, false, _ => { });
        Assert.DoesNotContain(after.State.Terminations, t => t.Cause == TerminationCause.NamespaceDeleted);
    }

    [Fact]
    public void Pods_GoneWithTheirReplicaSetAfterALongAbsence_AreNoNamespaceDeletion()
    {
        var after = After(FivePods(), 3_600, false, _ => { });
        Assert.DoesNotContain(after.State.Terminations, t => t.Cause == TerminationCause.NamespaceDeleted);
    }

    [Fact]
    public void ScaleDown_WithoutEvents_IsShownByThePodsBeforeAndTheWishNow()
    {
        var after = After(FivePods(), 30, false, scenario => scenario.Pod(30, PodJson("own-aaa-11110", ip: "10.1.0.10"))
            .Apply(30, "replicasets", Set("aaa", 1, 1, 1, 1)).Apply(30, "deployments", Deployment(1, 1, 1, 1, 1, "NewReplicaSetAvailable")));
        Assert.Equal(4, after.State.Terminations.Count);
        Assert.All(after.State.Terminations, t => Assert.Equal((TerminationCause.ScaleDown, "ReplicaSet own-aaa was scaled from 5 to 1."), (t.Cause, t.Evidence)));
    }

    [Fact]
    public void Pod_WhoseNodeWasLostMeanwhile_IsNoScaleDown()
    {
        // Its successor existed already: the ReplicaSet had five pods and wanted four.
        foreach (var (isDeleted, ready) in (ReadOnlySpan<(bool, string)>)[(true, ""), (false, "Unknown"), (false, "True")])
        {
            var after = After(FivePods(), 30, false, scenario =>
            {
                // The last one came back since.
                scenario.Apply(30, "nodes", Node("node2", "True", -600));
                if (!isDeleted)
                    scenario.Apply(30, "nodes", Node("node1", ready, ready == "True" ? 29 : 10));
                scenario.Apply(30, "replicasets", Set("aaa", 1, 4, 4, 4)).Apply(30, "deployments", Deployment(1, 4, 4, 4, 4, "NewReplicaSetAvailable"));
                for (int pod = 1; pod < 5; pod++)
                    scenario.Pod(30, PodJson($"own-aaa-1111{pod}", ip: $"10.1.0.1{pod}"));
            });
            var ended = Assert.Single(after.State.Terminations);
            Assert.Equal(TerminationCause.Unknown, ended.Cause);
            Assert.Contains("node node1", ended.Evidence);
        }
    }

    [Fact]
    public void ScaleDown_AfterTheAbsence_DoesNotExplainWhatEndedInIt()
    {
        var after = After(FivePods(), 30, false, scenario =>
        {
            scenario.Apply(30, "replicasets", Set("aaa", 1, 5, 5, 5)).Apply(30, "deployments", Deployment(1, 5, 5, 5, 5, "NewReplicaSetAvailable"));
            for (int pod = 1; pod < 5; pod++)
                scenario.Pod(30, PodJson($"own-aaa-1111{pod}", ip: $"10.1.0.1{pod}"));
        });
        Assert.Equal(TerminationCause.Unknown, Assert.Single(after.State.Terminations).Cause);
        after.Apply(40, "deployments", Deployment(1, 1, 1, 1, 1, "NewReplicaSetAvailable")).Apply(40, "replicasets", Set("aaa", 1, 1, 5, 5));
        Assert.Equal(TerminationCause.Unknown, Assert.Single(after.State.Terminations).Cause);
    }

    [Fact]
    public void ScaleDown_InTheAbsence_IsStillOneAfterALaterScaleUp()
    {
        var after = After(FivePods(), 30, false, scenario => scenario.Pod(30, PodJson("own-aaa-11110", ip: "10.1.0.10"))
            .Apply(30, "replicasets", Set("aaa", 1, 1, 1, 1)).Apply(30, "deployments", Deployment(1, 1, 1, 1, 1, "NewReplicaSetAvailable")));
        after.Apply(40, "deployments", Deployment(1, 5, 1, 1, 1, "NewReplicaSetAvailable")).Apply(40, "replicasets", Set("aaa", 1, 5, 1, 1));
        Assert.All(after.State.Terminations, t => Assert.Equal((TerminationCause.ScaleDown, "ReplicaSet own-aaa was scaled from 5 to 1."), (t.Cause, t.Evidence)));
    }

    [Fact]
    public void Rollout_WithoutEvents_IsNoScaleDown()
    {
        var after = After(FivePods(), 30, false, scenario => scenario.Apply(30, "replicasets", Set("aaa", 1, 1, 1, 1))
            .Apply(30, "replicasets", Set("bbb", 2, 4, 4, 4)).Apply(30, "deployments", Deployment(2, 5, 5, 4, 5, "NewReplicaSetAvailable")));
        Assert.Equal(5, after.State.Terminations.Count);
        Assert.All(after.State.Terminations, t => Assert.NotEqual(TerminationCause.ScaleDown, t.Cause));
    }

    [Fact]
    public void DeletedByHand_AndReplaced_IsNoScaleDown()
    {
        var after = After(FivePods(), 30, false, scenario => scenario.Apply(30, "replicasets", Set("aaa", 1, 5, 5, 5))
            .Apply(30, "deployments", Deployment(1, 5, 5, 5, 5, "NewReplicaSetAvailable")));
        Assert.All(after.State.Terminations, t => Assert.Equal(TerminationCause.Unknown, t.Cause));
    }

    private static string Node(string name, string ready, double sinceSeconds) =>
        $$"""{"metadata":{"name":"{{name}}","uid":"uid-{{name}}"},"status":{"conditions":[{"type":"Ready","status":"{{ready}}","lastTransitionTime":"{{Rfc3339(sinceSeconds)}}"}]} }""";

    private static string Rfc3339(double seconds) => (Start + TimeSpan.FromSeconds(seconds)).ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture);

    private static ClusterScenario FivePods()
    {
        var scenario = new ClusterScenario().Apply(0, "deployments", Deployment(1, 5, 5, 5, 5, "NewReplicaSetAvailable")).Apply(0, "replicasets", Set("aaa", 1, 5, 5, 5));
        for (int pod = 0; pod < 5; pod++)
            scenario.Pod(0, PodJson($"own-aaa-1111{pod}", ip: $"10.1.0.1{pod}"));
        return scenario;
    }

    // The second run, with what the database would return and the first lists.
    private static ClusterScenario After(ClusterScenario before, double seconds, bool reversed, Action<ClusterScenario> lists)
    {
        before.Listed();
        var after = new ClusterScenario();
        var owners = before.State.History.OpenOwners.OrderBy(o => o.Ip.IsV4 != reversed).ToList();
        EndpointSpan[] endpoints = before.State.History.LastEndpointUntil(new ServiceKey("shop", "own"), Ip.Parse("10.1.0.5"), long.MaxValue) is { } endpoint ? [endpoint] : [];
        after.State.History.Restore(owners, [], endpoints, At(seconds / 2));
        after.State.Restore(before.State.Terminations, before.State.Rollouts);
        lists(after);
        after.Clock.SetUtcNow(Start + TimeSpan.FromSeconds(seconds));
        return after.Listed();
    }
}
