using ConntrackConsole.Lifecycle;
using ConntrackConsole.Tests.Cluster;
using Xunit;
using static ConntrackConsole.Tests.Cluster.ClusterStory;

namespace ConntrackConsole.Tests.Lifecycle;

/// <summary>Each way in which a pod can end, with the objects that the API server then sends.</summary>
public class EndCauseTests
{
    [Theory]
    [InlineData("EvictionByEvictionAPI", TerminationCause.Drain)]
    [InlineData("PreemptionByScheduler", TerminationCause.Preemption)]
    [InlineData("DeletionByTaintManager", TerminationCause.NodeLost)]
    [InlineData("TerminationByKubelet", TerminationCause.Eviction)]
    public void DisruptionTarget_DeletedPod_TellsWho(string reason, TerminationCause cause)
    {
        var ended = One(WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 30), status: "\"phase\":\"Running\"" + Disrupted(reason))));
        Assert.Equal((cause, 30), (ended.Cause, ended.GraceSeconds));
        Assert.Contains(reason, ended.Evidence);
    }

    [Fact]
    public void DisruptionTarget_PodGarbageCollection_IsTheLostNodeAndNotForce()
    {
        var ended = One(WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 0), status: "\"phase\":\"Running\"" + Disrupted("DeletionByPodGC"))));
        Assert.Equal(TerminationCause.NodeLost, ended.Cause);
    }

    [Fact]
    public void StatusReason_EvictedByTheKubelet_IsAnEndingAlthoughNobodyDeletes()
    {
        var ended = One(WithDeployment().Pod(5, PodJson("p1", status: Ended("Failed", 137, "Error", 4, ",\"reason\":\"Evicted\",\"message\":\"The node was low on resource: memory.\""))));
        Assert.Equal((TerminationCause.Eviction, At(4), null), (ended.Cause, ended.AskedMs, ended.DeletedMs));
    }

    [Theory]
    [InlineData("Preempted", "Preempted by a pod on node node1", TerminationCause.Preemption)]
    [InlineData("TaintManagerEviction", "Marking for deletion Pod shop/p1", TerminationCause.NodeLost)]
    [InlineData("Evicted", "The node had condition: [MemoryPressure].", TerminationCause.Eviction)]
    [InlineData("TaintManagerEviction", "Cancelling deletion of Pod shop/p1", TerminationCause.ByHand)]
    public void Event_OfAServerWithoutDisruptionTarget_TellsWho(string reason, string message, TerminationCause cause)
    {
        string going = PodJson("p1", meta: Deletion(1, 30));
        string said = Event(reason, message, "Pod", "p1", 1);
        Assert.Equal(cause, One(WithDeployment().Pod(1, going).Told(1, "events", said)).Cause);
        Assert.Equal(cause, One(WithDeployment().Told(1, "events", said).Pod(1, going)).Cause);
    }

    [Fact]
    public void Job_PodWhoseWorkIsDone_IsCompletionSinceItFinished_AndKeepsThatWhenItIsCleanedUp()
    {
        var story = new ClusterStory().Pod(0, PodJson("p1", "Job")).Listed()
            .Pod(10, PodJson("p1", "Job", status: Ended("Succeeded", 0, "Completed", 9)));
        Assert.Equal((TerminationCause.Completion, At(9)), (One(story).Cause, One(story).AskedMs));
        story.Pod(300, PodJson("p1", "Job", Deletion(300, 30), Ended("Succeeded", 0, "Completed", 9)))
            .Pod(301, PodJson("p1", "Job", Deletion(301, 0), Ended("Succeeded", 0, "Completed", 9)), deleted: true);
        Assert.Equal((TerminationCause.Completion, At(9), At(301), null), One(story) is var t ? (t.Cause, t.AskedMs, t.DeletedMs, t.GraceSeconds) : default);
    }

    [Fact]
    public void Job_DeletedBeforeItsWorkWasDone_IsUnknownAndSaysSo()
    {
        var ended = One(new ClusterStory().Pod(0, PodJson("p1", "Job")).Listed().Pod(3, PodJson("p1", "Job", Deletion(3, 30))));
        Assert.Equal(TerminationCause.Unknown, ended.Cause);
        Assert.Contains("Job is not watched", ended.Evidence);
    }

    [Theory]
    // Suspended, failed, or fewer at once: the event is the same.
    [InlineData("Job", "Job own-aaa says that it deleted the pod before its work was done, and not why; a Job is not watched.")]
    // Events of other kinds are not read.
    [InlineData("Workflow", "It was deleted before its work was done; a Workflow is not watched.")]
    public void Job_ThatDeletesItsUnfinishedPod_IsUnknownInItsOwnWords_WhicheverIsHeardFirst(string kind, string evidence)
    {
        string going = PodJson("p1", kind, Deletion(3, 30));
        string said = Event("SuccessfulDelete", "Deleted pod: p1", kind, "own-aaa", 3);
        string gone = PodJson("p1", kind, Deletion(3, 0), Ended("Failed", 143, "Error", 4));
        foreach (var story in (ClusterStory[])
            [Jobs().Pod(3, going).Told(3, "events", said), Jobs().Told(3, "events", said).Pod(3, going), Jobs().Pod(3, going).Pod(4, gone, deleted: true).Told(4, "events", said)])
        {
            Assert.Equal((TerminationCause.Unknown, evidence, null), (One(story).Cause, One(story).Evidence, One(story).RolloutId));
        }

        ClusterStory Jobs() => new ClusterStory().Pod(0, PodJson("p1", kind)).Listed();
    }

    [Theory]
    [InlineData("Succeeded", 0, "Completed", TerminationCause.Completion)]
    [InlineData("Failed", 1, "Error", TerminationCause.Failed)]
    [InlineData("Failed", 137, "OOMKilled", TerminationCause.OutOfMemory)]
    public void Job_ThatCleansUpAPodThatHadEnded_KeepsHowItEnded(string phase, int exit, string reason, TerminationCause cause)
    {
        string ended = Ended(phase, exit, reason, 4);
        var story = new ClusterStory().Pod(0, PodJson("p1", "Job")).Listed().Pod(5, PodJson("p1", "Job", status: ended))
            .Pod(9, PodJson("p1", "Job", Deletion(9, 30), ended)).Told(9, "events", Event("SuccessfulDelete", "Deleted pod: p1", "Job", "own-aaa", 9));
        Assert.Equal(cause, One(story).Cause);
    }

    [Fact]
    public void Oom_ThatEndsThePod_IsToldApartFromAKilledOne()
    {
        var oom = One(new ClusterStory().Pod(0, PodJson("p1", null)).Listed().Pod(5, PodJson("p1", null, status: Ended("Failed", 137, "OOMKilled", 4))));
        Assert.Equal(TerminationCause.OutOfMemory, oom.Cause);
        var failed = One(new ClusterStory().Pod(0, PodJson("p1", null)).Listed().Pod(5, PodJson("p1", null, status: Ended("Failed", 1, "Error", 4))));
        Assert.Equal(TerminationCause.Failed, failed.Cause);
    }

    [Fact]
    public void Oom_AfterWhichTheContainerStartsAgain_IsNoEnding()
    {
        const string restarted = "\"phase\":\"Running\",\"containerStatuses\":[{\"name\":\"app\",\"restartCount\":1,\"state\":{\"running\":{}},\"lastState\":{\"terminated\":{\"exitCode\":137,\"reason\":\"OOMKilled\"}}}]";
        Assert.Empty(WithDeployment().Pod(5, PodJson("p1", status: restarted)).State.Terminations);
    }

    [Theory]
    [InlineData(137, "Error", 5, "end of its grace of 4 s")]
    [InlineData(137, "Error", 2, "before the end of its grace")]
    [InlineData(137, "OOMKilled", 2, "for memory")]
    [InlineData(143, "Error", 1, "SIGTERM")]
    [InlineData(0, "Completed", 3, "in order")]
    [InlineData(3, "Error", 3, "exit 3")]
    public void Exit_OfAPodThatWasAsked_IsToldInWords(int exit, string reason, double finished, string words)
    {
        var ended = One(WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 4)))
            .Pod(6, PodJson("p1", meta: Deletion(1, 4), status: Ended(exit == 0 ? "Succeeded" : "Failed", exit, reason, finished))));
        Assert.Contains(words, TerminationCauseClassifier.ExitWords(ended));
        // However it ended: somebody deleted it.
        Assert.Equal(TerminationCause.ByHand, ended.Cause);
    }

    [Fact]
    public void ByHand_ReplicaSetWantsAsManyAsBefore_SaysSo()
    {
        var ended = One(WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 30))));
        Assert.Equal(TerminationCause.ByHand, ended.Cause);
        Assert.Contains("wants 3 as before", ended.Evidence);
        Assert.Equal("own", ended.Workload!.Name);
    }

    [Fact]
    public void ByHand_PodWithoutController() =>
        Assert.Equal(TerminationCause.ByHand, One(new ClusterStory().Pod(0, PodJson("p1", null)).Listed().Pod(1, PodJson("p1", null, Deletion(1, 30)))).Cause);

    [Fact]
    public void Unknown_ReplicaSetsAreNotReadable_SaysWhatIsMissing()
    {
        var ended = One(new ClusterStory().Pod(0, PodJson("p1")).Listed().Pod(1, PodJson("p1", meta: Deletion(1, 30))));
        Assert.Equal(TerminationCause.Unknown, ended.Cause);
        Assert.Contains("may the console read replicasets", ended.Evidence);
    }

    [Fact]
    public void Unknown_DeploymentsAreNotReadable_ASetThatFallsMayBeARolloutOrAScaleDown()
    {
        var ended = One(new ClusterStory().Told(0, "replicasets", Set("aaa", 1, 3, 3, 3)).Pod(0, PodJson("p1")).Listed()
            .Told(1, "replicasets", Set("aaa", 1, 2, 3, 3)).Pod(1, PodJson("p1", meta: Deletion(1, 30))));
        Assert.Equal(TerminationCause.Unknown, ended.Cause);
        Assert.Equal(
            "ReplicaSet own-aaa went from 3 to 2, by a rollout or a scale-down: its Deployment own is not known. May the console read deployments?", ended.Evidence);
    }

    [Fact]
    public void Forced_GraceZeroWhileContainersRun_ButNotAPodWithoutANodeOrWithGraceZeroOfItsOwn()
    {
        Assert.Equal(TerminationCause.Forced, One(WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 0)))).Cause);
        Assert.Equal(TerminationCause.ByHand, One(WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 0), grace: 0))).Cause);
        Assert.Equal(TerminationCause.ByHand, One(WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 0)).Replace("node1", "", StringComparison.Ordinal))).Cause);
    }

    [Fact]
    public void ScaleDown_DeploymentAndItsSetWantFewer_WhicheverIsHeardFirst()
    {
        string deployment = Deployment(1, 2, 3, 3, 3, "NewReplicaSetAvailable", 2);
        string set = Set("aaa", 1, 2, 3, 3);
        string pod = PodJson("p1", meta: Deletion(1, 30));
        Assert.Equal("ReplicaSet own-aaa went from 3 to 2.", One(WithDeployment().Told(1, "deployments", deployment).Told(1, "replicasets", set).Pod(1, pod)).Evidence);
        Assert.Equal("ReplicaSet own-aaa went from 3 to 2.", One(WithDeployment().Pod(1, pod).Told(1.1, "replicasets", set).Told(1.2, "deployments", deployment)).Evidence);
    }

    [Fact]
    public void ScaleDown_LongBefore_DoesNotExplainADeletionByHand()
    {
        var story = WithDeployment().Told(1, "deployments", Deployment(1, 2, 3, 3, 3, "NewReplicaSetAvailable", 2))
            .Told(1, "replicasets", Set("aaa", 1, 2, 3, 3)).Told(1.5, "replicasets", Set("aaa", 1, 2, 2, 2));
        Assert.Equal(TerminationCause.ByHand, One(story.Pod(60, PodJson("p1", meta: Deletion(60, 30)))).Cause);
    }

    [Fact]
    public void IpReused_ByAnotherPod_IsNotedOnceWithItsName()
    {
        var story = WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 30))).Pod(9, PodJson("p1", meta: Deletion(9, 0), status: Ended("Succeeded", 0, "Completed", 8)), deleted: true)
            .Pod(20, PodJson("p2", status: "\"phase\":\"Pending\"", ip: "")).Pod(21, PodJson("p2")).Pod(22, PodJson("p2")).Pod(30, PodJson("p3"));
        Assert.Equal((At(21), "shop/p2"), One(story) is var t ? (t.IpReusedMs, t.IpReusedBy) : default);
    }

    private static Termination One(ClusterStory story) => Assert.Single(story.State.Terminations);
}
