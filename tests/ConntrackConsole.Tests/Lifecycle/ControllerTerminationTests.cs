using ConntrackConsole.Lifecycle;
using ConntrackConsole.Tests.Cluster;
using Xunit;
using static ConntrackConsole.Tests.Cluster.ClusterScenario;

namespace ConntrackConsole.Tests.Lifecycle;

/// <summary>Terminations by controllers: taints, disruptions after the end, owners that are not watched, namespaces.</summary>
public class ControllerTerminationTests
{
    [Theory]
    [InlineData(true, -300, "team", "Taint", "team=ml:NoExecute")]
    [InlineData(false, -40, "node.kubernetes.io/unreachable", "NodeLost", "did not report")]
    // It reports again since: it was lost when the pod was deleted.
    [InlineData(true, 5, "team", "NodeLost", "did not report")]
    public void TaintManager_TellsATaintFromALostNode(bool ready, double since, string key, string cause, string evidence)
    {
        string node = $$$"""
            {"metadata":{"uid":"n1","name":"node1"},"spec":{"taints":[{"key":"{{{key}}}","value":"ml","effect":"NoExecute"},{"key":"x","effect":"NoSchedule"}]},
            "status":{"conditions":[{"type":"Ready","status":"{{{(ready ? "True" : "Unknown")}}}","lastTransitionTime":"{{{Time(since)}}}"}]}}
            """;
        var t = One(WithDeployment().Apply(0, "nodes", node).Pod(1, PodJson("p1", meta: Deletion(1, 30), status: "\"phase\":\"Running\"" + Disrupted("DeletionByTaintManager"))));
        Assert.Equal(cause, t.Cause.ToString());
        Assert.Contains(evidence, t.Evidence);
        // The watch of the nodes may be the later one.
        var late = WithDeployment().Apply(0, "nodes", """{"metadata":{"uid":"n1","name":"node1"},"status":{"conditions":[{"type":"Ready","status":"True"}]}}""")
            .Pod(1, PodJson("p1", meta: Deletion(1, 30), status: "\"phase\":\"Running\"" + Disrupted("DeletionByTaintManager"))).Apply(2, "nodes", node);
        Assert.Equal(cause, One(late).Cause.ToString());
    }

    [Theory]
    [InlineData("EvictionByEvictionAPI")]
    [InlineData("DeletionByTaintManager")]
    [InlineData("DeletionByPodGC")]
    [InlineData("PreemptionByScheduler")]
    public void Completed_DisruptedLater_KeepsItsCompletion(string reason)
    {
        string later = $",\"conditions\":[{{\"type\":\"DisruptionTarget\",\"status\":\"True\",\"reason\":\"{reason}\",\"lastTransitionTime\":\"{Time(27)}\"}}]";
        string ended = Ended("Succeeded", 0, "Completed", 9);
        var scenario = new ClusterScenario().Pod(0, PodJson("p1", "Job")).Listed().Pod(10, PodJson("p1", "Job", status: ended))
            .Pod(27, PodJson("p1", "Job", Deletion(27, 30), Ended("Succeeded", 0, "Completed", 9, later)))
            .Apply(27, "events", Event("TaintManagerEviction", "Marking for deletion Pod shop/p1", "Pod", "p1", 27));
        Assert.Equal((TerminationCause.Completion, At(9)), One(scenario) is var t ? (t.Cause, t.DeletionRequestedMs) : default);
        // The same if the console sees it only afterwards.
        var late = new ClusterScenario().Listed().Pod(27, PodJson("p1", "Job", Deletion(27, 30), Ended("Succeeded", 0, "Completed", 9, later)));
        Assert.Equal(TerminationCause.Completion, One(late).Cause);
    }

    [Theory]
    [InlineData("CloneSet")]
    [InlineData("VirtualMachineInstance")]
    [InlineData("ReplicationController")]
    public void Owner_NotWatched_IsNamedWithoutWorkToComplete(string kind)
    {
        var scenario = new ClusterScenario().Pod(0, PodJson("p1", kind)).Listed().Pod(3, PodJson("p1", kind, Deletion(3, 30)));
        Assert.Equal($"The pod was deleted; its owner is {kind} own-aaa, and the console does not watch {kind} objects.", One(scenario).Evidence);
        scenario.Apply(3, "events", Event("SuccessfulDelete", "Deleted pod: p1", kind, "own-aaa", 3));
        Assert.Equal($"{kind} own-aaa reported deleting the pod, without a reason; the console does not watch {kind} objects.", One(scenario).Evidence);
    }

    [Theory]
    [InlineData("VirtualMachineInstance", "All containers exited with code 0 before any deletion was requested; the console does not watch VirtualMachineInstance objects.")]
    [InlineData("Job", "Phase Succeeded before any deletion was requested: the pod completed its work.")]
    public void Succeeded_IsWorkOnlyForAJob(string kind, string evidence)
    {
        var t = One(new ClusterScenario().Pod(0, PodJson("p1", kind)).Listed().Pod(3, PodJson("p1", kind, status: Ended("Succeeded", 0, "Completed", 2))));
        Assert.Equal((TerminationCause.Completion, evidence), (t.Cause, t.Evidence));
    }

    [Fact]
    public void MirrorPod_DeletedAndRecreated_IsNoEndOfItsContainers()
    {
        var scenario = new ClusterScenario().Pod(0, PodJson("p1", "Node")).Listed().Pod(3, PodJson("p1", "Node", Deletion(3, 0)), deleted: true)
            .Pod(3, PodJson("p1", "Node").Replace("uid-p1", "uid-p1-again", StringComparison.Ordinal));
        var t = One(scenario);
        Assert.Equal(
            "The mirror object of a static pod was deleted; its kubelet creates it again, and its containers were not stopped.", t.Evidence);
        Assert.Null(t.IpReusedBy);
    }

    [Fact]
    public void ArgoRollout_NewReplicaSet_IsARollout()
    {
        string pod = PodJson("p1", meta: "").Replace("pod-template-hash", "rollouts-pod-template-hash", StringComparison.Ordinal);
        var scenario = new ClusterScenario().Apply(0, "replicasets", Argo("aaa", 1, 2, 2, 2)).Pod(0, pod).Listed()
            .Apply(1, "replicasets", Argo("bbb", 2, 0, 0, 0)).Apply(1.1, "replicasets", Argo("bbb", 2, 1, 1, 1)).Apply(2, "replicasets", Argo("aaa", 1, 1, 2, 2))
            .Pod(2, PodJson("p1", meta: Deletion(2, 30)).Replace("pod-template-hash", "rollouts-pod-template-hash", StringComparison.Ordinal));
        var rollout = Assert.Single(scenario.State.Rollouts);
        Assert.Equal(("Rollout", "shop/own", "2", "1", true), (rollout.Kind.ToString(), rollout.Workload, rollout.Revision, rollout.FromRevision, rollout.IsOpen));
        Assert.Equal((TerminationCause.Rollout, rollout.Id), One(scenario) is var t ? (t.Cause, t.RolloutId) : default);
        scenario.Apply(5, "replicasets", Argo("bbb", 2, 2, 2, 2)).Apply(6, "replicasets", Argo("aaa", 1, 0, 0, 0));
        Assert.Equal(At(6), Assert.Single(scenario.State.Rollouts).FinishedMs);
    }

    [Theory]
    [InlineData("Delete Pod p1 in StatefulSet own-aaa successful")]
    [InlineData("delete Pod p1 in StatefulSet own-aaa successful")]
    [InlineData("(combined from similar events): Delete Pod p1 in StatefulSet own-aaa successful")]
    public void StatefulSetEvent_EveryRelease_ExplainsAnUnwatchedDeletion(string message)
    {
        var scenario = Unwatched("StatefulSet", "statefulsets", message);
        Assert.Equal((TerminationCause.ScaleDown, "StatefulSet own-aaa reported deleting the pod, and no rollout was in progress."), One(scenario) is var t ? (t.Cause, t.Evidence) : default);
    }

    [Fact]
    public void DaemonSetEvent_ExplainsAnUnwatchedDeletion() =>
        Assert.Equal(TerminationCause.ScaleDown, One(Unwatched("DaemonSet", "daemonsets", "(combined from similar events): Deleted pod: p1")).Cause);

    // The pod was deleted while no console watched: only its name, its address and the event are known.
    private static ClusterScenario Unwatched(string kind, string watch, string message)
    {
        var before = new ClusterScenario().Apply(0, watch, Workload()).Pod(0, PodJson("p1", kind)).Listed();
        var scenario = new ClusterScenario(before.State.History).Apply(30, watch, Workload()).Listed();
        return scenario.Apply(30, "events", Event("SuccessfulDelete", message, kind, "own-aaa", 20));

        static string Workload() => $$$"""
            {"metadata":{"uid":"uid-own-aaa","namespace":"shop","name":"own-aaa","creationTimestamp":"{{{Time(-600)}}}","generation":1},
            "spec":{"replicas":1},"status":{"replicas":1,"readyReplicas":1,"availableReplicas":1,"updatedReplicas":1,"observedGeneration":1,"currentRevision":"r","updateRevision":"r",
            "desiredNumberScheduled":1,"currentNumberScheduled":1,"updatedNumberScheduled":1,"numberReady":1,"numberAvailable":1}}
            """;
    }

    [Fact]
    public void StatefulSetEvent_CountedAgain_KeepsTheFirstDeletionToo()
    {
        const string said = "Delete Pod p1 in StatefulSet own-aaa successful";
        string set = Set("aaa", 1, 1, 1, 1).Replace("Deployment", "X", StringComparison.Ordinal);
        var scenario = new ClusterScenario().Apply(0, "statefulsets", set).Pod(0, PodJson("p1", "StatefulSet")).Listed()
            .Pod(1, PodJson("p1", "StatefulSet", Deletion(1, 1))).Apply(1, "events", Event("SuccessfulDelete", said, "StatefulSet", "own-aaa", 1))
            .Pod(2, PodJson("p1", "StatefulSet", Deletion(1, 1)), deleted: true);
        var first = One(scenario);
        scenario.Apply(60, "events", Event("SuccessfulDelete", said, "StatefulSet", "own-aaa", 1)
                .Replace($"\"lastTimestamp\":\"{Time(1)}\"", $"\"lastTimestamp\":\"{Time(60)}\",\"count\":2", StringComparison.Ordinal))
            .Apply(61, "statefulsets", set.Replace("\"replicas\":1", "\"replicas\":2", StringComparison.Ordinal));
        Assert.Equal((first.Cause, first.Evidence), One(scenario) is var t ? (t.Cause, t.Evidence) : default);
        Assert.Equal(TerminationCause.ScaleDown, first.Cause);
    }

    [Fact]
    public void Namespace_Deleted_PodsGoBeforeTheirOwners()
    {
        var scenario = WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 10)))
            .Pod(4, PodJson("p1", meta: Deletion(4, 0), status: Ended("Succeeded", 0, "Completed", 4)), deleted: true);
        Assert.Equal(TerminationCause.ByHand, One(scenario).Cause);
        scenario.Apply(7, "deployments", Deployment(1, 3, 0, 0, 0), deleted: true).Apply(7, "replicasets", Set("aaa", 1, 3, 0), deleted: true);
        Assert.Equal("NamespaceDeleted", One(scenario).Cause.ToString());
        Assert.Contains("namespace shop", One(scenario).Evidence);
    }

    [Fact]
    public void Deployment_AloneInItsNamespace_IsAWorkloadDeletion()
    {
        var scenario = WithDeployment().Apply(1, "deployments", Deployment(1, 3, 3, 3, 3), deleted: true).Apply(1, "replicasets", Set("aaa", 1, 3, 3), deleted: true)
            .Pod(1.5, PodJson("p1", meta: Deletion(1, 10))).Pod(4, PodJson("p1", meta: Deletion(4, 0), status: Ended("Succeeded", 0, "Completed", 4)), deleted: true);
        Assert.Equal(TerminationCause.WorkloadDeleted, One(scenario).Cause);
    }

    // Deleted by hand, replaced, and the namespace deleted soon after.
    [Fact]
    public void Namespace_DeletedAfterAReplacement_DoesNotExplainTheFirstPod()
    {
        var scenario = WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 1)))
            .Pod(2, PodJson("p2", ip: "10.1.0.6").Replace(Time(-600), Time(1.2), StringComparison.Ordinal)).Pod(3, PodJson("p1", meta: Deletion(1, 1)), deleted: true)
            .Pod(30, PodJson("p2", meta: Deletion(30, 1), ip: "10.1.0.6")).Pod(31, PodJson("p2", meta: Deletion(30, 1), ip: "10.1.0.6"), deleted: true)
            .Apply(40, "deployments", Deployment(1, 3, 0, 0, 0), deleted: true).Apply(40, "replicasets", Set("aaa", 1, 3, 0), deleted: true);
        Assert.Equal([TerminationCause.ByHand, TerminationCause.NamespaceDeleted], scenario.State.Terminations.Select(t => t.Cause));
    }

    // The namespace controller goes on at once; this is somebody who tidies up minutes later.
    [Fact]
    public void Namespace_LastWorkloadDeletedMinutesAfterThePods_IsNoNamespaceDeletion()
    {
        var scenario = WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 10)))
            .Pod(4, PodJson("p1", meta: Deletion(4, 0), status: Ended("Succeeded", 0, "Completed", 4)), deleted: true);
        scenario.Apply(300, "deployments", Deployment(1, 3, 0, 0, 0), deleted: true).Apply(300, "replicasets", Set("aaa", 1, 3, 0), deleted: true);
        Assert.Equal(TerminationCause.ByHand, One(scenario).Cause);
    }

    [Fact]
    public void Namespace_NotEmpty_IsNotDeleted()
    {
        var scenario = WithDeployment().Pod(0, PodJson("other", null, ip: "10.1.0.9")).Pod(1, PodJson("p1", meta: Deletion(1, 10)))
            .Pod(4, PodJson("p1", meta: Deletion(4, 0), status: Ended("Succeeded", 0, "Completed", 4)), deleted: true)
            .Apply(7, "deployments", Deployment(1, 3, 0, 0, 0), deleted: true).Apply(7, "replicasets", Set("aaa", 1, 3, 0), deleted: true);
        Assert.NotEqual("NamespaceDeleted", One(scenario).Cause.ToString());
    }

    [Fact]
    public void Deployment_ForegroundDeletion_IsAMarkOnTheWorkload()
    {
        string marked = Deployment(1, 3, 3, 3, 3).Replace("\"generation\":1,", $"\"generation\":1{Deletion(1, 0)},", StringComparison.Ordinal);
        var scenario = WithDeployment().Apply(1, "deployments", marked).Pod(1, PodJson("p1", meta: Deletion(1, 10)))
            .Pod(9, PodJson("p1", meta: Deletion(4, 0), status: Ended("Succeeded", 0, "Completed", 4)), deleted: true);
        Assert.Equal(TerminationCause.WorkloadDeleted, One(scenario).Cause);
    }

    private static string Argo(string hash, int revision, int want, int has, int ready) => Set(hash, revision, want, has, ready)
        .Replace("deployment.kubernetes.io/revision", "rollout.argoproj.io/revision", StringComparison.Ordinal)
        .Replace("pod-template-hash", "rollouts-pod-template-hash", StringComparison.Ordinal)
        .Replace("\"Deployment\"", "\"Rollout\"", StringComparison.Ordinal);

    private static Termination One(ClusterScenario scenario) => Assert.Single(scenario.State.Terminations);
}
