using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Tests.Cluster;
using Xunit;
using static ConntrackConsole.Tests.Cluster.ClusterScenario;

namespace ConntrackConsole.Tests.Lifecycle;

/// <summary>Restarts in pods that live on: they reset connections although no pod ends.</summary>
public class RestartLogTests
{
    [Fact]
    public void Container_OutOfMemory_IsARestartAndNoTermination()
    {
        var scenario = WithDeployment().Pod(5, PodJson("p1", status: Restarted(1, 4, "OOMKilled", 137))).Pod(6, PodJson("p1", status: Restarted(1, 4, "OOMKilled", 137)));

        var restart = Assert.Single(scenario.State.Restarts.Current);
        Assert.Equal(("shop", "p1", "node1", "app", 1, At(4), 137, "OOMKilled"),
            (restart.Namespace, restart.Pod, restart.Node, restart.Container, restart.Count, restart.AtMs, restart.ExitCode, restart.Reason));
        Assert.Equal(PodRestartKind.OutOfMemory, restart.Kind);
        Assert.Empty(scenario.State.Terminations);
        Assert.Equal([1, 3], scenario.Pod(9, PodJson("p1", status: Restarted(3, 8, "Error", 1))).State.Restarts.Current.Select(r => r.Count));
    }

    [Fact]
    public void InitContainer_RunAgainBeforeTheStart_IsNoRestart()
    {
        string waiting = "\"phase\":\"Pending\",\"initContainerStatuses\":[{\"name\":\"setup\",\"restartCount\":1,\"state\":{\"running\":{}},\"lastState\":{\"terminated\":{\"exitCode\":1}}}]";
        Assert.Empty(WithDeployment().Pod(5, PodJson("p1", status: waiting)).State.Restarts.Current);
    }

    [Fact]
    public void Container_RestartedWhileNotWatched_IsReportedFromTheList()
    {
        static ClusterScenario Listed(double finished)
        {
            var scenario = new ClusterScenario();
            scenario.State.Apply(Changes(PodJson("p1", status: Restarted(7, finished, "Error", 1))), listed: true);
            return scenario.Listed();
        }

        Assert.Equal(At(-60), Assert.Single(Listed(-60).State.Restarts.Current).AtMs);
        Assert.Empty(Listed(-7_200).State.Restarts.Current);
    }

    [Fact]
    public void Sandbox_OtherAddress_NamesBoth()
    {
        var scenario = WithDeployment().Pod(5, PodJson("p1", ip: "")).Pod(6, PodJson("p1", ip: "10.1.0.77"));

        var restart = Assert.Single(scenario.State.Restarts.Current);
        Assert.Equal((PodRestartKind.Sandbox, Ip.Parse("10.1.0.5"), Ip.Parse("10.1.0.77"), At(6)), (restart.Kind, restart.FormerIp, restart.Ip, restart.AtMs));
        Assert.Equal(restart, TerminationMapper.Restart(TerminationMapper.Row(restart)));
    }

    private static string Restarted(int count, double finished, string reason, int exit) =>
        $"\"phase\":\"Running\",\"containerStatuses\":[{{\"name\":\"app\",\"restartCount\":{count},\"state\":{{\"running\":{{}}}},"
        + $"\"lastState\":{{\"terminated\":{{\"exitCode\":{exit},\"reason\":\"{reason}\",\"finishedAt\":\"{Time(finished)}\"}}}}}}]";
}
