using ConntrackConsole.Lifecycle;
using ConntrackConsole.Tests.Cluster;
using Xunit;
using static ConntrackConsole.Tests.Cluster.ClusterScenario;

namespace ConntrackConsole.Tests.Lifecycle;

/// <summary>Each way in which a pod can end, with the objects that the API server sends.</summary>
public class TerminationCauseClassifierTests
{
    [Theory]
    [InlineData("EvictionByEvictionAPI", TerminationCause.Drain)]
    [InlineData("PreemptionByScheduler", TerminationCause.Preemption)]
    [InlineData("DeletionByTaintManager", TerminationCause.NodeLost)]
    [InlineData("TerminationByKubelet", TerminationCause.Eviction)]
    public void DisruptionTarget_DeletedPod_DeterminesTheCause(string reason, TerminationCause cause)
    {
        var ended = One(WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 30), status: "\"phase\":\"Running\"" + Disrupted(reason))));
        Assert.Equal((cause, 30), (ended.Cause, ended.GraceSeconds));
        Assert.Contains(reason, ended.Evidence);
    }

    [Fact]
    public void DisruptionTarget_PodGarbageCollection_IsNodeLostAndNotForced()
    {
        var ended = One(WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 0), status: "\"phase\":\"Running\"" + Disrupted("DeletionByPodGC"))));
        Assert.Equal(TerminationCause.NodeLost, ended.Cause);
    }

    [Fact]
    public void StatusReason_EvictedByTheKubelet_IsATerminationWithoutDeletion()
    {
        var ended = One(WithDeployment().Pod(5, PodJson("p1", status: Ended("Failed", 137, "Error", 4, ",\"reason\":\"Evicted\",\"message\":\"The node was low on resource: memory.\""))));
        Assert.Equal((TerminationCause.Eviction, At(4), null), (ended.Cause, ended.DeletionRequestedMs, ended.DeletedMs));
    }

    [Theory]
    [InlineData("Preempted", "Preempted by a pod on node node1", TerminationCause.Preemption)]
    [InlineData("TaintManagerEviction", "Marking for deletion Pod shop/p1", TerminationCause.NodeLost)]
    [InlineData("Evicted", "The node had condition: [MemoryPressure].", TerminationCause.Eviction)]
    [InlineData("TaintManagerEviction", "Cancelling deletion of Pod shop/p1", TerminationCause.ByHand)]
    public void Event_WithoutDisruptionTarget_DeterminesTheCause(string reason, string message, TerminationCause cause)
    {
        string going = PodJson("p1", meta: Deletion(1, 30));
        string reported = Event(reason, message, "Pod", "p1", 1);
        Assert.Equal(cause, One(WithDeployment().Pod(1, going).Apply(1, "events", reported)).Cause);
        Assert.Equal(cause, One(WithDeployment().Apply(1, "events", reported).Pod(1, going)).Cause);
    }

    [Fact]
    public void Job_CompletedPod_IsCompletionAndStaysSoAfterCleanup()
    {
        var scenario = new ClusterScenario().Pod(0, PodJson("p1", "Job")).Listed()
            .Pod(10, PodJson("p1", "Job", status: Ended("Succeeded", 0, "Completed", 9)));
        Assert.Equal((TerminationCause.Completion, At(9)), (One(scenario).Cause, One(scenario).DeletionRequestedMs));
        scenario.Pod(300, PodJson("p1", "Job", Deletion(300, 30), Ended("Succeeded", 0, "Completed", 9)))
            .Pod(301, PodJson("p1", "Job", Deletion(301, 0), Ended("Succeeded", 0, "Completed", 9)), deleted: true);
        Assert.Equal((TerminationCause.Completion, At(9), At(301), null), One(scenario) is var t ? (t.Cause, t.DeletionRequestedMs, t.DeletedMs, t.GraceSeconds) : default);
    }

    [Fact]
    public void Job_DeletedBeforeCompletion_IsUnknown()
    {
        var ended = One(new ClusterScenario().Pod(0, PodJson("p1", "Job")).Listed().Pod(3, PodJson("p1", "Job", Deletion(3, 30))));
        Assert.Equal(TerminationCause.Unknown, ended.Cause);
        Assert.Contains("does not watch Job objects", ended.Evidence);
    }

    [Theory]
    // Suspended, failed, or reduced parallelism: the event is the same.
    [InlineData("Job", "Job own-aaa reported deleting the pod before it completed, without a reason; the console does not watch Job objects.")]
    // Any other controller uses the same reason.
    [InlineData("Workflow", "Workflow own-aaa reported deleting the pod, without a reason; the console does not watch Workflow objects.")]
    public void Job_DeletesUnfinishedPod_IsUnknownInAnyOrderOfArrival(string kind, string evidence)
    {
        string going = PodJson("p1", kind, Deletion(3, 30));
        string reported = Event("SuccessfulDelete", "Deleted pod: p1", kind, "own-aaa", 3);
        string gone = PodJson("p1", kind, Deletion(3, 0), Ended("Failed", 143, "Error", 4));
        foreach (var scenario in (ClusterScenario[])
            [Jobs().Pod(3, going).Apply(3, "events", reported), Jobs().Apply(3, "events", reported).Pod(3, going), Jobs().Pod(3, going).Pod(4, gone, deleted: true).Apply(4, "events", reported)])
        {
            Assert.Equal((TerminationCause.Unknown, evidence, null), (One(scenario).Cause, One(scenario).Evidence, One(scenario).RolloutId));
        }

        ClusterScenario Jobs() => new ClusterScenario().Pod(0, PodJson("p1", kind)).Listed();
    }

    [Theory]
    [InlineData("Succeeded", 0, "Completed", TerminationCause.Completion)]
    [InlineData("Failed", 1, "Error", TerminationCause.Failed)]
    [InlineData("Failed", 137, "OOMKilled", TerminationCause.OutOfMemory)]
    public void Job_CleansUpAnEndedPod_KeepsTheCause(string phase, int exit, string reason, TerminationCause cause)
    {
        string ended = Ended(phase, exit, reason, 4);
        var scenario = new ClusterScenario().Pod(0, PodJson("p1", "Job")).Listed().Pod(5, PodJson("p1", "Job", status: ended))
            .Pod(9, PodJson("p1", "Job", Deletion(9, 30), ended)).Apply(9, "events", Event("SuccessfulDelete", "Deleted pod: p1", "Job", "own-aaa", 9));
        Assert.Equal(cause, One(scenario).Cause);
    }

    [Fact]
    public void Oom_EndsThePod_IsDistinguishedFromFailed()
    {
        var oom = One(new ClusterScenario().Pod(0, PodJson("p1", null)).Listed().Pod(5, PodJson("p1", null, status: Ended("Failed", 137, "OOMKilled", 4))));
        Assert.Equal(TerminationCause.OutOfMemory, oom.Cause);
        var failed = One(new ClusterScenario().Pod(0, PodJson("p1", null)).Listed().Pod(5, PodJson("p1", null, status: Ended("Failed", 1, "Error", 4))));
        Assert.Equal(TerminationCause.Failed, failed.Cause);
    }

    [Fact]
    public void Oom_ContainerRestarts_IsNoTermination()
    {
        const string restarted = "\"phase\":\"Running\",\"containerStatuses\":[{\"name\":\"app\",\"restartCount\":1,\"state\":{\"running\":{}},\"lastState\":{\"terminated\":{\"exitCode\":137,\"reason\":\"OOMKilled\"}}}]";
        Assert.Empty(WithDeployment().Pod(5, PodJson("p1", status: restarted)).State.Terminations);
    }

    [Theory]
    [InlineData(137, "Error", 5, "end of its grace period of 4 s")]
    [InlineData(137, "Error", 2, "before the end of its grace period")]
    [InlineData(137, "OOMKilled", 2, "exceeded its memory limit")]
    [InlineData(143, "Error", 1, "SIGTERM")]
    [InlineData(0, "Completed", 3, "Exited normally")]
    [InlineData(3, "Error", 3, "code 3")]
    public void DescribeExit_DeletedPod_DescribesTheExit(int exit, string reason, double finished, string words)
    {
        var ended = One(WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 4)))
            .Pod(6, PodJson("p1", meta: Deletion(1, 4), status: Ended(exit == 0 ? "Succeeded" : "Failed", exit, reason, finished))));
        Assert.Contains(words, TerminationCauseClassifier.DescribeExit(ended));
        // The exit code does not affect the cause: it was deleted.
        Assert.Equal(TerminationCause.ByHand, ended.Cause);
    }

    [Fact]
    public void ByHand_ReplicaSetUnchanged_IsInTheEvidence()
    {
        var ended = One(WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 30))));
        Assert.Equal(TerminationCause.ByHand, ended.Cause);
        Assert.Contains("still wants 3", ended.Evidence);
        Assert.Equal("own", ended.Workload!.Name);
    }

    [Fact]
    public void Cause_PodWithoutController_IsByHand() =>
        Assert.Equal(TerminationCause.ByHand, One(new ClusterScenario().Pod(0, PodJson("p1", null)).Listed().Pod(1, PodJson("p1", null, Deletion(1, 30)))).Cause);

    [Fact]
    public void Unknown_ReplicaSetsNotReadable_NamesTheMissingPermission()
    {
        var ended = One(new ClusterScenario().Pod(0, PodJson("p1")).Listed().Pod(1, PodJson("p1", meta: Deletion(1, 30))));
        Assert.Equal(TerminationCause.Unknown, ended.Cause);
        Assert.Contains("the console may read replicasets", ended.Evidence);
    }

    [Fact]
    public void Unknown_DeploymentsNotReadable_IsARolloutOrAScaleDown()
    {
        var ended = One(new ClusterScenario().Apply(0, "replicasets", Set("aaa", 1, 3, 3, 3)).Pod(0, PodJson("p1")).Listed()
            .Apply(1, "replicasets", Set("aaa", 1, 2, 3, 3)).Pod(1, PodJson("p1", meta: Deletion(1, 30))));
        Assert.Equal(TerminationCause.Unknown, ended.Cause);
        Assert.Equal(
            "ReplicaSet own-aaa was scaled from 3 to 2, by a rollout or a scale-down: Deployment own is unknown. Check that the console may read deployments.", ended.Evidence);
    }

    [Fact]
    public void Forced_GraceZeroWhileContainersRun_ExceptWithoutNodeOrWithSpecGraceZero()
    {
        Assert.Equal(TerminationCause.Forced, One(WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 0)))).Cause);
        Assert.Equal(TerminationCause.ByHand, One(WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 0), grace: 0))).Cause);
        Assert.Equal(TerminationCause.ByHand, One(WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 0)).Replace("node1", "", StringComparison.Ordinal))).Cause);
    }

    [Fact]
    public void ScaleDown_DeploymentAndReplicaSet_IsTheSameInAnyOrderOfArrival()
    {
        string deployment = Deployment(1, 2, 3, 3, 3, "NewReplicaSetAvailable", 2);
        string set = Set("aaa", 1, 2, 3, 3);
        string pod = PodJson("p1", meta: Deletion(1, 30));
        Assert.Equal("ReplicaSet own-aaa was scaled from 3 to 2.", One(WithDeployment().Apply(1, "deployments", deployment).Apply(1, "replicasets", set).Pod(1, pod)).Evidence);
        Assert.Equal("ReplicaSet own-aaa was scaled from 3 to 2.", One(WithDeployment().Pod(1, pod).Apply(1.1, "replicasets", set).Apply(1.2, "deployments", deployment)).Evidence);
    }

    [Fact]
    public void ScaleDown_LongBefore_DoesNotExplainAManualDeletion()
    {
        var scenario = WithDeployment().Apply(1, "deployments", Deployment(1, 2, 3, 3, 3, "NewReplicaSetAvailable", 2))
            .Apply(1, "replicasets", Set("aaa", 1, 2, 3, 3)).Apply(1.5, "replicasets", Set("aaa", 1, 2, 2, 2));
        Assert.Equal(TerminationCause.ByHand, One(scenario.Pod(60, PodJson("p1", meta: Deletion(60, 30)))).Cause);
    }

    [Fact]
    public void IpReused_ByAnotherPod_IsRecordedOnceWithItsName()
    {
        var scenario = WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 30))).Pod(9, PodJson("p1", meta: Deletion(9, 0), status: Ended("Succeeded", 0, "Completed", 8)), deleted: true)
            .Pod(20, PodJson("p2", status: "\"phase\":\"Pending\"", ip: "")).Pod(21, PodJson("p2")).Pod(22, PodJson("p2")).Pod(30, PodJson("p3"));
        Assert.Equal((At(21), "shop/p2"), One(scenario) is var t ? (t.IpReusedMs, t.IpReusedBy) : default);
    }

    private static Termination One(ClusterScenario scenario) => Assert.Single(scenario.State.Terminations);
}
