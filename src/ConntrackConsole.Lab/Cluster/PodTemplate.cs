using System.Text.Json.Nodes;

namespace ConntrackConsole.Lab.Cluster;

/// <summary>The pod template shared by a Deployment, its ReplicaSets and their pods.</summary>
internal static class PodTemplate
{
    /// <summary>terminationGracePeriodSeconds of every pod.</summary>
    public const int Grace = 30;

    public static JsonObject Spec(string app, int containerPort, int preStopSeconds)
    {
        var container = new JsonObject { ["name"] = "app", ["image"] = $"lab.local/{app}:1" };
        if (containerPort != 0)
        {
            container["ports"] = new JsonArray(new JsonObject { ["name"] = "http", ["containerPort"] = containerPort, ["protocol"] = "TCP" });
            container["readinessProbe"] = new JsonObject
            {
                ["tcpSocket"] = new JsonObject { ["port"] = "http" },
                ["timeoutSeconds"] = 1,
                ["periodSeconds"] = 1,
                ["successThreshold"] = 1,
                ["failureThreshold"] = 3,
            };
        }

        container["resources"] = new JsonObject();
        if (preStopSeconds > 0)
            container["lifecycle"] = new JsonObject { ["preStop"] = new JsonObject { ["sleep"] = new JsonObject { ["seconds"] = preStopSeconds } } };
        container["imagePullPolicy"] = "Never";
        return new JsonObject
        {
            ["containers"] = new JsonArray(container),
            ["restartPolicy"] = "Always",
            ["terminationGracePeriodSeconds"] = Grace,
            ["dnsPolicy"] = "ClusterFirst",
            ["schedulerName"] = "default-scheduler",
        };
    }
}
