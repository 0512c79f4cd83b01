using System.Text.Json.Nodes;

namespace ConntrackConsole.Lab.Cluster;

/// <summary>The pod template shared by a Deployment, its ReplicaSets and their pods.</summary>
internal static class PodTemplate
{
    public static JsonObject Spec(string app, int containerPort, int preStopSeconds, PodTraits? traits = null)
    {
        traits ??= new PodTraits();
        var container = new JsonObject { ["name"] = "app", ["image"] = $"lab.local/{app}:1" };
        if (containerPort != 0)
        {
            container["ports"] = new JsonArray(new JsonObject { ["name"] = "http", ["containerPort"] = containerPort, ["protocol"] = traits.Protocol });
        }

        if (containerPort != 0 && traits.Protocol == "TCP")
        {
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
        var spec = new JsonObject
        {
            ["containers"] = new JsonArray(container),
            ["restartPolicy"] = "Always",
            ["terminationGracePeriodSeconds"] = traits.GraceSeconds,
            ["dnsPolicy"] = "ClusterFirst",
            ["schedulerName"] = "default-scheduler",
        };
        if (traits.HostNetwork)
            spec["hostNetwork"] = true;
        return spec;
    }
}

/// <summary>What distinguishes a pod from the usual one.</summary>
/// <param name="GraceSeconds">terminationGracePeriodSeconds.</param>
/// <param name="Protocol">Of its port.</param>
/// <param name="HostNetwork">It shares the network of its node.</param>
internal sealed record PodTraits(int GraceSeconds = 30, string Protocol = "TCP", bool HostNetwork = false);
