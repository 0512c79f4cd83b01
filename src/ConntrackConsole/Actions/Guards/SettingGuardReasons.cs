using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Guards;

/// <summary>Codes of the setting guards that exist only in the console.</summary>
[ReasonCodes("Setting, console")]
internal static class SettingGuardReasons
{
    /// <summary>No node is named.</summary>
    [Description("No node is named.")]
    public const string NoNode = "setting.no_node";

    /// <summary>A named node has no connected collector.</summary>
    [Description("A named node has no connected collector.")]
    public const string NodeNotConnected = "setting.node_not_connected";

    /// <summary>A node did not answer the preview.</summary>
    [Description("A node did not answer the preview.")]
    public const string NodeSilent = "setting.node_silent";

    /// <summary>A node refused the preview.</summary>
    [Description("A node refused the preview.")]
    public const string NodeRefuses = "setting.node_refuses";

    /// <summary>Every node already has this value.</summary>
    [Description("Every node already has this value.")]
    public const string Unchanged = "setting.unchanged";

    /// <summary>The filter drops packets; asymmetric routes stop working.</summary>
    [Description("The filter drops packets; asymmetric routes stop working.")]
    public const string FilterDrops = "setting.filter_drops";

    /// <summary>With tcp_be_liberal at 0 nothing may drop INVALID segments until kube-proxy restarts.</summary>
    [Description("With tcp_be_liberal at 0 nothing may drop INVALID segments until kube-proxy restarts.")]
    public const string BeLiberalOff = "setting.be_liberal_off";

    /// <summary>The setting is changed on several nodes.</summary>
    [Description("The setting is changed on several nodes.")]
    public const string ManyNodes = "setting.many_nodes";
}
