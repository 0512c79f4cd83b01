using ConntrackConsole.Lifecycle;
using ConntrackConsole.Tests.Cluster;
using Xunit;
using static ConntrackConsole.Tests.Cluster.ClusterScenario;

namespace ConntrackConsole.Tests.Lifecycle;

/// <summary>Terminations that the kubelet starts or reports: node shutdown, eviction, rejection, sidecars, repeated events.</summary>
public class KubeletTerminationTests
{
    private const string ShutdownMessage = "Pod was terminated in response to imminent node shutdown.";

    private static readonly string Shutdown =
        $",\"conditions\":[{{\"type\":\"DisruptionTarget\",\"status\":\"True\",\"reason\":\"TerminationByKubelet\",\"message\":\"{ShutdownMessage}\",\"lastTransitionTime\":\"{Time(10)}\"}}]";

    private static readonly string ShutDown = Ended("Failed", 143, "Error", 17, $",\"reason\":\"Terminated\",\"message\":\"{ShutdownMessage}\"" + Shutdown);

    [Fact]
    public void NodeShutdown_ConditionAndKilling_BeginsWithTheShutdown()
    {
        var scenario = WithDeployment().Pod(10, PodJson("p1", status: "\"phase\":\"Running\"" + Shutdown)).Apply(10, "events", Event("Killing", "Stopping container app", "Pod", "p1", 10));
        Assert.Equal(("NodeShutdown", At(10), At(10), null), One(scenario) is var draining ? (draining.Cause.ToString(), draining.DeletionRequestedMs, draining.SigtermSentMs, draining.ContainerFinishedMs) : default);

        scenario.Pod(18, PodJson("p1", status: ShutDown));
        var t = One(scenario);
        Assert.Equal(("NodeShutdown", At(10), At(10), At(17), 143, null), (t.Cause.ToString(), t.DeletionRequestedMs, t.SigtermSentMs, t.ContainerFinishedMs, t.ExitCode, t.DeletedMs));
        Assert.Contains(ShutdownMessage, t.Evidence);
    }

    // Kubelets without the condition (before 1.26): only the event shows the begin.
    [Theory]
    [InlineData("Terminated")]
    [InlineData("NodeShutdown")]
    public void NodeShutdown_WithoutCondition_BeginsWithKilling(string reason)
    {
        string killing = Event("Killing", "Stopping container app", "Pod", "p1", 10);
        string ended = PodJson("p1", status: Ended("Failed", 0, "Completed", 17, $",\"reason\":\"{reason}\""));
        foreach (var scenario in (ClusterScenario[])[WithDeployment().Apply(10, "events", killing).Pod(18, ended), WithDeployment().Pod(18, ended).Apply(18, "events", killing)])
            Assert.Equal(("NodeShutdown", At(10), At(10), At(17)), One(scenario) is var t ? (t.Cause.ToString(), t.DeletionRequestedMs, t.SigtermSentMs, t.ContainerFinishedMs) : default);
    }

    [Fact]
    public void Eviction_Message_IsInTheEvidence()
    {
        var t = One(WithDeployment().Pod(5, PodJson("p1", status: Ended("Failed", 137, "Error", 4, ",\"reason\":\"Evicted\",\"message\":\"The node was low on resource: memory.\""))));
        Assert.Equal(TerminationCause.Eviction, t.Cause);
        Assert.Contains("The node was low on resource: memory.", t.Evidence);
    }

    [Theory]
    [InlineData("OutOfcpu", "Node didn't have enough resource: cpu")]
    [InlineData("UnexpectedAdmissionError", "Allocate failed")]
    [InlineData("NodeAffinity", "Pod was rejected: Predicate NodeAffinity failed")]
    public void Rejected_ByTheKubelet_KeepsReasonAndMessage(string reason, string message)
    {
        string rejected = $"\"phase\":\"Failed\",\"reason\":\"{reason}\",\"message\":\"{message}\",\"containerStatuses\":[]";
        var t = One(WithDeployment().Pod(5, PodJson("p1", status: rejected)));
        Assert.Equal("Rejected", t.Cause.ToString());
        Assert.Contains(reason, t.Evidence);
        Assert.Contains(message, t.Evidence);
        Assert.DoesNotContain("restartPolicy", t.Evidence);
    }

    [Fact]
    public void Sidecar_EndsLast_IsTheEndOfThePod()
    {
        const string spec = "\"initContainers\":[{\"name\":\"proxy\",\"restartPolicy\":\"Always\"},{\"name\":\"setup\"}],\"containers\"";
        string status = "\"phase\":\"Failed\",\"containerStatuses\":[" + State("app", 0, "Completed", 5) + "],\"initContainerStatuses\":["
            + State("proxy", 137, "Error", 7) + "," + State("setup", 3, "Error", 9) + "]";
        string going = PodJson("p1", meta: Deletion(1, 6), status: status).Replace("\"containers\"", spec, StringComparison.Ordinal);
        var t = One(WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 6))).Pod(8, going));
        Assert.Equal((At(7), 137, "Error"), (t.ContainerFinishedMs, t.ExitCode, t.ExitReason));
        Assert.Equal("Killed at the end of its grace period of 6 s (SIGKILL, exit code 137).", TerminationCauseClassifier.DescribeExit(t));

        static string State(string name, int exit, string reason, double finished) =>
            $"{{\"name\":\"{name}\",\"state\":{{\"terminated\":{{\"exitCode\":{exit},\"reason\":\"{reason}\",\"finishedAt\":\"{Time(finished)}\"}}}}}}";
    }

    [Fact]
    public void Killing_RepeatedManyTimes_KeepsTheFirst()
    {
        var scenario = WithDeployment().Pod(1, PodJson("p1", meta: Deletion(1, 30)));
        for (int i = 0; i < 40; i++)
            scenario.Apply(2 + i, "events", Repeated(2, 2 + i, i + 1));
        Assert.Equal(At(2), One(scenario).SigtermSentMs);
    }

    [Fact]
    public void Killing_ListedWithACount_IsItsFirstTime()
    {
        var scenario = WithDeployment().Pod(7, PodJson("p1", meta: Deletion(7, 30))).Apply(600, "events", Repeated(2, 600, 50));
        Assert.Equal(At(2), One(scenario).SigtermSentMs);
    }

    private static string Repeated(double first, double last, int count) => Event("Killing", "Stopping container app", "Pod", "p1", first)
        .Replace($"\"lastTimestamp\":\"{Time(first)}\"", $"\"lastTimestamp\":\"{Time(last)}\",\"count\":{count}", StringComparison.Ordinal);

    private static Termination One(ClusterScenario scenario) => Assert.Single(scenario.State.Terminations);
}
