using ConntrackConsole.Lab.Cluster;
using Xunit;
using k8s;
using k8s.Models;

namespace ConntrackConsole.Lab.Tests;

public sealed class PodObjectTests
{
    private readonly ObjectStore _store = new();

    [Fact]
    public void Pod_FromStartToDeletion_ChangesAsInARealCluster()
    {
        long before = _store.Version;
        var pod = Started();
        pod.Terminating();
        pod.TerminationObserved();
        pod.Ended(143);
        pod.Delete();

        var changes = _store.Since("pods", before, null).Changes
            .Select(change => (change.Type, Pod: KubernetesJson.Deserialize<V1Pod>(System.Text.Encoding.UTF8.GetString(change.Object)))).ToList();

        Assert.Equal(
            [
                "ADDED Pending - ", "MODIFIED Pending - ", "MODIFIED Pending - ", "MODIFIED Pending - ", "MODIFIED Running - 10.100.16.2",
                "MODIFIED Running Ready 10.100.16.2", "MODIFIED Running Ready 10.100.16.2 grace 30", "MODIFIED Running Ready 10.100.16.2 grace 30",
                "MODIFIED Failed - 10.100.16.2 grace 30", "MODIFIED Failed - 10.100.16.2 grace 0", "DELETED Failed - 10.100.16.2 grace 0",
            ],
            changes.Select(entry => $"{entry.Type} {Describe(entry.Pod)}"));
        Assert.Equal(143, changes[^1].Pod.Status.ContainerStatuses[0].State.Terminated.ExitCode);
        Assert.NotNull(changes[^1].Pod.Status.ContainerStatuses[0].State.Terminated.FinishedAt);
        // The final delete moves the deletion time back.
        Assert.True(changes[^1].Pod.Metadata.DeletionTimestamp < changes[^3].Pod.Metadata.DeletionTimestamp);
    }

    [Fact]
    public void Ended_WithZero_IsSucceeded()
    {
        var pod = new PodObject(_store, "shop", "checkout", "hash", "node1", "10.100.0.1", 8080, preStopSeconds: 2);
        pod.Add();
        pod.Running("10.100.16.2");

        pod.Ended(0);

        Assert.Equal("Succeeded", (string?)pod.Json["status"]!["phase"]);
    }

    [Fact]
    public void Orphaned_FailsFirstAndIsDeletedWithoutAnEndOfItsContainers()
    {
        var pod = Started();
        long before = _store.Version;

        pod.MarkOrphaned();
        pod.DeleteOrphaned();

        // As recorded in node-deleted-and-back.
        var changes = _store.Since("pods", before, null).Changes
            .Select(change => (change.Type, Pod: KubernetesJson.Deserialize<V1Pod>(System.Text.Encoding.UTF8.GetString(change.Object)))).ToList();
        Assert.Equal(
            ["MODIFIED Failed Ready 10.100.16.2", "MODIFIED Failed Ready 10.100.16.2 grace 0", "DELETED Failed Ready 10.100.16.2 grace 0"],
            changes.Select(entry => $"{entry.Type} {Describe(entry.Pod)}"));
        Assert.Null(changes[0].Pod.Metadata.DeletionTimestamp);
        Assert.All(changes, entry =>
        {
            Assert.Contains(entry.Pod.Status.Conditions, c => c is { Type: "DisruptionTarget", Status: "True", Reason: "DeletionByPodGC" });
            Assert.NotNull(entry.Pod.Status.ContainerStatuses[0].State.Running);
        });
    }

    [Fact]
    public void Unstarted_EndsWith137AndAnUnknownStatus()
    {
        var pod = new PodObject(_store, "shop", "checkout", "hash", "node1", "10.100.0.1", 8080, preStopSeconds: 2);
        pod.Add();
        pod.Scheduled();
        pod.Creating();
        pod.ImageMissing();
        pod.Terminating();
        pod.EndedUnstarted();

        var state = pod.Json["status"]!["containerStatuses"]![0]!["state"]!["terminated"]!;
        Assert.Equal((137, "ContainerStatusUnknown"), ((int)state["exitCode"]!, (string)state["reason"]!));
        Assert.Null(state["finishedAt"]);
    }

    private PodObject Started()
    {
        var pod = new PodObject(_store, "shop", "checkout", "hash", "node1", "10.100.0.1", 8080, preStopSeconds: 2);
        pod.Add();
        pod.Scheduled();
        pod.Creating();
        pod.SandboxReady();
        pod.Running("10.100.16.2");
        pod.Ready();
        return pod;
    }

    private static string Describe(V1Pod pod) =>
        $"{pod.Status.Phase} {(pod.Status.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true ? "Ready" : "-")} {pod.Status.PodIP}"
        + (pod.Metadata.DeletionGracePeriodSeconds is { } grace ? $" grace {grace}" : "");
}
