using System.Text;
using ConntrackConsole.Lab.Cluster;
using Xunit;
using k8s;
using k8s.Models;

namespace ConntrackConsole.Lab.Tests;

public sealed class DeploymentObjectTests
{
    private readonly ObjectStore _store = new();
    private readonly DeploymentObject _deployment;

    public DeploymentObjectTests() => _deployment = new DeploymentObject(_store, new EventLog(_store, TimeProvider.System), "shop", "checkout", 3, 8080, 2);

    [Fact]
    public void Restart_MoreOftenThanTheHistoryLimit_RemovesTheOldestIdleSets()
    {
        for (int i = 0; i < 13; i++)
        {
            var old = _deployment.Restart();
            _deployment.Scale(old, 0);
        }

        var sets = Read<V1ReplicaSet>("replicasets");
        Assert.Equal(11, sets.Count); // revisionHistoryLimit, and the current one
        Assert.Equal(Enumerable.Range(4, 11), sets.Select(set => int.Parse(set.Metadata.Annotations["deployment.kubernetes.io/revision"])).Order());
        Assert.Equal("14", Read<V1Deployment>("deployments").Single().Metadata.Annotations["deployment.kubernetes.io/revision"]);
    }

    [Fact]
    public void Undo_FormerSet_HasANewRevisionBeforeItsGenerationIsObserved()
    {
        var former = _deployment.Restart();
        long before = _store.Version;
        var undone = _deployment.Undo(former);

        // As recorded in rollback-midway: the annotation comes with the former observedGeneration.
        var changed = _store.Since("deployments", before, null).Changes.Select(c => KubernetesJson.Deserialize<V1Deployment>(Encoding.UTF8.GetString(c.Object))).Last();
        Assert.Equal("3", changed.Metadata.Annotations["deployment.kubernetes.io/revision"]);
        Assert.True(changed.Status.ObservedGeneration is null || changed.Status.ObservedGeneration < changed.Metadata.Generation);
        var set = Read<V1ReplicaSet>("replicasets").Single(s => s.Metadata.Name == former.Name);
        Assert.Equal(("3", "1"), (set.Metadata.Annotations["deployment.kubernetes.io/revision"], set.Metadata.Annotations["deployment.kubernetes.io/revision-history"]));
        Assert.Same(former, _deployment.Current);
        Assert.NotSame(former, undone);
        _deployment.Delete();
        Assert.Empty(Read<V1Deployment>("deployments"));
        Assert.Empty(Read<V1ReplicaSet>("replicasets"));
    }

    [Fact]
    public void Status_DuringARollout_CountsLikeTheRealController()
    {
        foreach (string pod in new[] { "a", "b", "c" })
        {
            _deployment.Created(_deployment.Current, pod);
            _deployment.Ready(_deployment.Current);
        }

        var old = _deployment.Restart();
        _deployment.Created(_deployment.Current, "d");
        Assert.Equal((4, 1, 3, 1, 0), Counts());
        _deployment.Ready(_deployment.Current);
        Assert.Equal((4, 1, 4, null, 0), Counts());
        _deployment.Scale(old, 2);
        _deployment.Deleted(old, "a");
        Assert.Equal((3, 1, 3, null, 1), Counts());
        _deployment.Scale(_deployment.Current, 2);
        Assert.Equal((3, 1, 3, 1, 1), Counts());
        _deployment.Ended(old);
        Assert.Equal((3, 1, 3, 1, 0), Counts());

        (int?, int?, int?, int?, int?) Counts()
        {
            var status = Read<V1Deployment>("deployments").Single().Status;
            return (status.Replicas, status.UpdatedReplicas, status.ReadyReplicas, status.UnavailableReplicas, status.TerminatingReplicas);
        }
    }

    [Fact]
    public void Pod_HasTheTemplateOfItsReplicaSet()
    {
        _deployment.Restart();
        var pod = new PodObject(_store, "shop", "checkout", _deployment.Current.Hash, "node1", "10.100.0.1", 8080, 2, _deployment.Current.Json);
        pod.Add();

        var set = Read<V1ReplicaSet>("replicasets").Single(set => set.Metadata.Name == _deployment.Current.Name);
        var read = Read<V1Pod>("pods").Single();
        Assert.Equal((set.Metadata.Uid, "ReplicaSet", true), (read.OwnerReferences().Single().Uid, read.OwnerReferences().Single().Kind, read.OwnerReferences().Single().Controller));
        Assert.Equal(set.Spec.Template.Metadata.Labels, read.Metadata.Labels);
        Assert.Equal(set.Spec.Template.Metadata.Annotations, read.Metadata.Annotations);
        var container = read.Spec.Containers.Single();
        Assert.Equal((30L, 2L, "http"), (read.Spec.TerminationGracePeriodSeconds, container.Lifecycle.PreStop.Sleep.Seconds, (string?)container.ReadinessProbe.TcpSocket.Port));
    }

    private List<T> Read<T>(string kind) => [.. _store.List(kind, null).Items.Select(item => KubernetesJson.Deserialize<T>(Encoding.UTF8.GetString(item.Value)))];
}
