using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Cluster.State;

/// <summary>What the console's view of the cluster lacks (in the answer of /readyz).</summary>
[ReasonCodes("Cluster, in /readyz")]
internal static class ClusterCodes
{
    [Description("The cluster has not been listed yet (503); the text names the problem if there is one.")]
    public const string NotListed = "cluster.not_listed";
}
