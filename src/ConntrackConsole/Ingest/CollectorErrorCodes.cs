using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ingest;

/// <summary>Codes of refused connections to the collectors' hub, and of refused introductions.</summary>
[ReasonCodes("Collector connection")]
internal static class CollectorErrorCodes
{
    [Description("The collector did not present a valid node secret (401).")]
    public const string NotAuthenticated = "collector.not_authenticated";

    [Description("Collectors are not served over TCP without Collectors:Token (403).")]
    public const string TcpDisabled = "collector.tcp_disabled";

    [Description("The Unix socket serves only collectors (404).")]
    public const string SocketServesCollectorsOnly = "collector.socket_serves_collectors_only";

    [Description("The connection has already sent its introduction.")]
    public const string IntroducedTwice = "collector.introduced_twice";

    [Description("The introduction names another node than the secret.")]
    public const string OtherNode = "collector.other_node";

    [Description("The introduction has no valid node name.")]
    public const string InvalidNodeName = "collector.invalid_node_name";

    [Description("A field of the introduction is missing or too long: console and collector are of different versions.")]
    public const string UnsupportedIntroduction = "collector.unsupported_introduction";

    [Description("The cluster has no node of this name yet. The collector tries again.")]
    public const string UnknownNode = "collector.unknown_node";

    [Description("A collector that was started later is connected for the node.")]
    public const string NewerCollector = "collector.newer_collector";
}
