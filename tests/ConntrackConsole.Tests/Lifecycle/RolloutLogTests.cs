using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Tests.Cluster;
using Xunit;
using static ConntrackConsole.Tests.Cluster.ClusterScenario;

namespace ConntrackConsole.Tests.Lifecycle;

public class RolloutLogTests
{
    [Fact]
    public void Deployment_ListedMidRollout_StartsWithItsNewReplicaSet()
    {
        var scenario = new ClusterScenario()
            .Apply(0, "deployments", Deployment(2, 3, 4, 1, 3))
            .Apply(0, "replicasets", Set("aaa", 1, 3, 3, 3)).Apply(0, "replicasets", Set("bbb", 2, 1, 1, created: -20))
            .Pod(0, PodJson("p1", meta: Deletion(-5, 30))).Listed();
        var rollout = Assert.Single(scenario.State.Rollouts);
        Assert.Equal(("2", "1", At(-20), true), (rollout.Revision, rollout.FromRevision, rollout.StartedMs, rollout.IsOpen));
        Assert.NotNull(rollout.Unwatched);
        Assert.Equal((TerminationCause.Rollout, rollout.Id), Assert.Single(scenario.State.Terminations) is var t ? (t.Cause, t.RolloutId) : default);
    }

    [Fact]
    public void Deployment_ListedMidRollback_DoesNotStartWithItsReplicaSet()
    {
        var scenario = new ClusterScenario()
            .Apply(0, "deployments", Deployment(3, 3, 4, 1, 3))
            .Apply(0, "replicasets", Set("bbb", 2, 3, 3, 3)).Apply(0, "replicasets", Set("aaa", 3, 1, 1, created: -3_600, history: "1")).Listed();
        var rollout = Assert.Single(scenario.State.Rollouts);
        Assert.Equal(("3", "2", true, At(0)), (rollout.Revision, rollout.FromRevision, rollout.IsRollback, rollout.StartedMs));
        Assert.NotNull(rollout.Unwatched);
    }

    [Fact]
    public void Deployment_StableOrScaling_HasNoRollout()
    {
        var scenario = WithDeployment().Apply(1, "deployments", Deployment(1, 5, 3, 3, 3, "NewReplicaSetAvailable", 2, 1)).Apply(2, "deployments", Deployment(1, 5, 5, 5, 5, "NewReplicaSetAvailable", 2));
        Assert.Empty(scenario.State.Rollouts);
    }

    [Fact]
    public void Deployment_ProgressDeadlineExceeded_IsStuckAndOpen()
    {
        var scenario = WithDeployment().Apply(1, "replicasets", Set("bbb", 2, 1, 0)).Apply(1, "deployments", Deployment(2, 3, 4, 1, 3, "ReplicaSetUpdated", 2))
            .Apply(601, "deployments", Deployment(2, 3, 4, 1, 3, "ProgressDeadlineExceeded", 2)).Apply(700, "deployments", Deployment(2, 3, 4, 1, 3, "ProgressDeadlineExceeded", 2));
        Assert.True(Assert.Single(scenario.State.Rollouts) is { IsOpen: true } rollout && rollout.StuckMs == At(601));
    }

    [Fact]
    public void Deployment_UndoneAfterFinish_IsARollbackAndTheFirstStaysFinished()
    {
        var scenario = WithDeployment().Apply(1, "replicasets", Set("bbb", 2, 3, 3, 3)).Apply(2, "deployments", Deployment(2, 3, 3, 3, 3, "NewReplicaSetAvailable", 2))
            .Apply(50, "replicasets", Set("aaa", 3, 1, 0)).Apply(51, "deployments", Deployment(3, 3, 4, 1, 3, "ReplicaSetUpdated", 3));
        Assert.Equal([false, true], scenario.State.Rollouts.Select(r => r.IsRollback));
        Assert.Equal((At(2), null), (scenario.State.Rollouts[0].FinishedMs, scenario.State.Rollouts[0].RolledBackMs));
    }

    [Fact]
    public void Deployment_SupersededTwice_EachIsRolledBackByTheNext()
    {
        var scenario = WithDeployment().Apply(1, "replicasets", Set("bbb", 2, 1, 0)).Apply(5, "replicasets", Set("ccc", 3, 1, 0)).Apply(9, "replicasets", Set("ddd", 4, 1, 0));
        Assert.Equal([At(5), At(9), null], scenario.State.Rollouts.Select(r => r.RolledBackMs));
        Assert.All(scenario.State.Rollouts, r => Assert.False(r.IsRollback));
    }

    [Fact]
    public void Deployment_DeletedMidRollout_IsAbandoned()
    {
        var scenario = WithDeployment().Apply(1, "replicasets", Set("bbb", 2, 1, 0)).Apply(4, "deployments", Deployment(2, 3, 4, 1, 3), deleted: true);
        Assert.True(Assert.Single(scenario.State.Rollouts) is { IsOpen: false, FinishedMs: null } rollout && rollout.AbandonedMs == At(4));
    }

    [Fact]
    public void Deployment_StuckRolloutUndone_TheUndoIsNotStuck()
    {
        var scenario = WithDeployment().Apply(1, "replicasets", Set("bbb", 2, 1, 0)).Apply(1, "deployments", Deployment(2, 3, 4, 1, 3, "ProgressDeadlineExceeded", 2))
            .Apply(60, "replicasets", Set("aaa", 3, 3, 3, 3)).Apply(60, "deployments", Deployment(3, 3, 4, 1, 3, "ProgressDeadlineExceeded", 3, 2));
        Assert.Equal([At(1), null], scenario.State.Rollouts.Select(r => r.StuckMs));
        scenario.Apply(61, "deployments", Deployment(3, 3, 3, 3, 3, "NewReplicaSetAvailable", 3));
        Assert.Equal((null, At(61)), scenario.State.Rollouts[1] is var undo ? (undo.StuckMs, undo.FinishedMs) : default);
    }

    [Fact]
    public void Deployment_DeletedBetweenTwoRuns_RolloutIsAbandonedWithinTheAbsence()
    {
        var before = WithDeployment().Apply(1, "replicasets", Set("bbb", 2, 1, 0));
        var after = new ClusterScenario();
        after.State.Restore([], before.State.Rollouts);
        after.Listed();
        var kind = WatchedKind.All.Single(k => k.Name == "deployments");
        after.State.Listed(WatchedKind.All.Single(k => k.Name == "daemonsets"), new HashSet<string>());
        Assert.True(Assert.Single(after.State.Rollouts).IsOpen);
        after.State.Listed(kind, new HashSet<string> { "uid-own" });
        Assert.True(Assert.Single(after.State.Rollouts).IsOpen);
        after.State.Listed(kind, new HashSet<string>());
        Assert.True(Assert.Single(after.State.Rollouts) is { IsOpen: false, AbandonedMs: not null, Unwatched: not null });
    }

    [Fact]
    public void Cause_QuickRollout_NamesTheScaleDownThatDeletedThePod()
    {
        var scenario = WithDeployment().Apply(1, "replicasets", Set("bbb", 2, 1, 1)).Apply(1.1, "replicasets", Set("aaa", 1, 2, 3, 3))
            .Pod(1.12, PodJson("p1", meta: Deletion(1, 30))).Apply(1.2, "replicasets", Set("aaa", 1, 2, 2, 2))
            .Apply(2.5, "replicasets", Set("aaa", 1, 1, 2, 2)).Apply(2.6, "replicasets", Set("aaa", 1, 1, 1, 1));
        Assert.Contains("from 3 to 2", Assert.Single(scenario.State.Terminations).Evidence);
    }

    [Fact]
    public void Recreate_OldPodsDeletedFirst_BelongToTheRollout()
    {
        var scenario = WithDeployment().Apply(1, "deployments", Deployment(1, 3, 3, 3, 3, "ReplicaSetUpdated", 2, 1)).Apply(1, "replicasets", Set("aaa", 1, 0, 3, 3))
            .Pod(1, PodJson("p1", meta: Deletion(1, 30))).Apply(1.5, "replicasets", Set("aaa", 1, 0, 0));
        Assert.Equal(TerminationCause.ScaleDown, Assert.Single(scenario.State.Terminations).Cause);
        scenario.Apply(12, "replicasets", Set("bbb", 2, 3, 0, created: 12)).Apply(12, "deployments", Deployment(2, 3, 0, 0, 0, "ReplicaSetUpdated", 2));
        Assert.Equal((TerminationCause.Rollout, "uid-own/2"), Assert.Single(scenario.State.Terminations) is var t ? (t.Cause, t.RolloutId) : default);
    }

    // Pods and Events arrive at once; the watches of Deployments and ReplicaSets are a minute late.
    [Fact]
    public void Cause_WorkloadsSeenAMinuteLate_IsTheRolloutThatReplacedThePod()
    {
        var scenario = new ClusterScenario().Listed().Apply(1, "deployments", Deployment(1, 3, 0, 0, 0)).Pod(2, PodJson("p1"))
            .Pod(4, PodJson("p1", meta: Deletion(4, 30))).Apply(4, "events", Event("SuccessfulDelete", "Deleted pod: p1", "ReplicaSet", "own-aaa", 4));
        scenario.Apply(66, "deployments", Deployment(2, 3, 4, 1, 3, generation: 2));
        foreach (string set in (string[])[Set("aaa", 1, 2, 2, 2, created: 1), Set("bbb", 2, 1, 1, created: 3)])
            scenario.Apply(70, "replicasets", set);
        Assert.Equal((TerminationCause.Rollout, "uid-own/2"), Assert.Single(scenario.State.Terminations) is var t ? (t.Cause, t.RolloutId) : default);
        var rollout = scenario.State.Rollouts.Single(r => r.Id == "uid-own/2");
        Assert.Equal((At(3), new TimeRange(At(3), At(70))), (rollout.StartedMs, rollout.Unwatched));
    }

    [Fact]
    public void Cause_OldPodDeletedManuallyInAStuckRollout_IsByHandOnceDeleted()
    {
        var scenario = WithDeployment().Apply(1, "replicasets", Set("bbb", 2, 1, 1)).Apply(1, "deployments", Deployment(2, 3, 4, 1, 3, "ProgressDeadlineExceeded", 2))
            .Pod(900, PodJson("p1", meta: Deletion(900, 30))).Pod(905, PodJson("p1", meta: Deletion(905, 0), status: Ended("Succeeded", 0, "Completed", 904)), deleted: true);
        Assert.Equal(TerminationCause.ByHand, Assert.Single(scenario.State.Terminations).Cause);
    }

    [Fact]
    public void StatefulSet_RevisionsChange_RolloutStartsSurgesAndFinishes()
    {
        var scenario = new ClusterScenario().Apply(0, "statefulsets", Stateful("web-1", "web-1", 2)).Pod(0, Web("web-1", 0)).Listed()
            .Apply(1, "statefulsets", Stateful("web-2", "web-1", 2, generation: 2));
        scenario.Pod(1, Web("web-1", 1, Deletion(1, 30)));
        Assert.Equal((TerminationCause.Rollout, "uid-web/web-2"), Assert.Single(scenario.State.Terminations) is var t ? (t.Cause, t.RolloutId) : default);
        scenario.Pod(9, Web("web-2", 1)).Apply(10, "statefulsets", Stateful("web-2", "web-2", 2, generation: 2));
        var rollout = Assert.Single(scenario.State.Rollouts);
        Assert.Equal((At(1), At(9), At(10), "web-1"), (rollout.StartedMs, rollout.SurgedMs, rollout.FinishedMs, rollout.FromRevision));
        scenario.Apply(20, "statefulsets", Stateful("web-1", "web-2", 2, generation: 3)).Apply(30, "statefulsets", Stateful("web-2", "web-1", 2, generation: 4));
        Assert.Equal(3, scenario.State.Rollouts.Select(r => r.Id).Distinct().Count());
        Assert.Equal(scenario.State.Rollouts[2].StartedMs, scenario.State.Rollouts[1].RolledBackMs);
    }

    [Fact]
    public void StatefulSet_FewerDesired_IsScaleDown()
    {
        var scenario = new ClusterScenario().Apply(0, "statefulsets", Stateful("web-1", "web-1", 2)).Pod(0, Web("web-1", 1)).Listed()
            .Apply(1, "statefulsets", Stateful("web-1", "web-1", 1, has: 2, generation: 2)).Pod(1, Web("web-1", 1, Deletion(1, 30)));
        Assert.Equal("StatefulSet web was scaled from 2 to 1.", Assert.Single(scenario.State.Terminations).Evidence);
    }

    [Fact]
    public void DaemonSet_TemplateGenerationChanges_OldPodsBelongToTheRollout()
    {
        var scenario = new ClusterScenario().Apply(0, "daemonsets", Daemons(1, 2, 2)).Pod(0, Agent("a1", -600)).Listed()
            .Apply(1, "daemonsets", Daemons(2, 2, 0)).Pod(1, Agent("a1", -600, Deletion(1, 30)));
        Assert.Equal((TerminationCause.Rollout, "uid-agent/2"), Assert.Single(scenario.State.Terminations) is var t ? (t.Cause, t.RolloutId) : default);
        scenario.Pod(5, Agent("a2", 3)).Apply(9, "daemonsets", Daemons(2, 2, 2));
        var rollout = Assert.Single(scenario.State.Rollouts);
        Assert.Equal((At(5), At(9)), (rollout.SurgedMs, rollout.FinishedMs));
    }

    [Fact]
    public void DaemonSet_ListedBeforeItsGenerationIsObserved_RolloutBeganInTheAbsence()
    {
        var scenario = new ClusterScenario().Apply(0, "daemonsets", Daemons(2, 2, 2).Replace("\"observedGeneration\":2", "\"observedGeneration\":1")).Pod(0, Agent("a1", -600)).Listed();
        Assert.Empty(scenario.State.Rollouts);
        scenario.Pod(1, Agent("a1", -600, Deletion(1, 30))).Apply(1.2, "daemonsets", Daemons(2, 2, 0));
        var rollout = Assert.Single(scenario.State.Rollouts);
        Assert.True(rollout.Unwatched?.Contains(rollout.StartedMs));
        Assert.Equal((TerminationCause.Rollout, "uid-agent/2"), Assert.Single(scenario.State.Terminations) is var t ? (t.Cause, t.RolloutId) : default);
        // It was another field: nothing is rolled out.
        var other = new ClusterScenario().Apply(0, "daemonsets", Daemons(2, 2, 2).Replace("\"observedGeneration\":2", "\"observedGeneration\":1")).Listed().Apply(1, "daemonsets", Daemons(2, 2, 2));
        Assert.Empty(other.State.Rollouts);
    }

    private static string Stateful(string update, string current, int want, int? has = null, int generation = 1) =>
        $$$"""
        {"metadata":{"uid":"uid-web","namespace":"shop","name":"web","generation":{{{generation}}}},"spec":{"replicas":{{{want}}}},
        "status":{"observedGeneration":{{{generation}}},"replicas":{{{has ?? want}}},"readyReplicas":{{{want}}},"availableReplicas":{{{want}}},"updatedReplicas":{{{(update == current ? want : 0)}}},
        "currentRevision":"{{{current}}}","updateRevision":"{{{update}}}"}}
        """;

    private static string Web(string revision, int ordinal, string meta = "") =>
        $$"""
        {"metadata":{"uid":"uid-{{revision}}-{{ordinal}}","namespace":"shop","name":"web-{{ordinal}}","labels":{"controller-revision-hash":"{{revision}}"},
        "ownerReferences":[{"kind":"StatefulSet","name":"web","uid":"uid-web","controller":true}]{{meta}}},
        "spec":{"nodeName":"node1"},"status":{"phase":"Running","podIP":"10.1.1.{{ordinal}}","conditions":[{"type":"Ready","status":"True"}] } }
        """;

    private static string Daemons(int generation, int want, int updated) =>
        $$$"""
        {"metadata":{"uid":"uid-agent","namespace":"shop","name":"agent","generation":{{{generation}}},"annotations":{"deprecated.daemonset.template.generation":"{{{generation}}}"}},
        "status":{"observedGeneration":{{{generation}}},"desiredNumberScheduled":{{{want}}},"currentNumberScheduled":{{{want}}},"updatedNumberScheduled":{{{updated}}},"numberReady":{{{want}}},"numberAvailable":{{{want}}}}}
        """;

    private static string Agent(string name, double created, string meta = "") =>
        $$"""
        {"metadata":{"uid":"uid-{{name}}","namespace":"shop","name":"{{name}}","creationTimestamp":"{{Time(created)}}","labels":{"controller-revision-hash":"x"},
        "ownerReferences":[{"kind":"DaemonSet","name":"agent","uid":"uid-agent","controller":true}]{{meta}}},
        "spec":{"nodeName":"node1"},"status":{"phase":"Running","podIP":"10.1.2.{{name[1]}}","conditions":[{"type":"Ready","status":"True"}] } }
        """;
}
