using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ingest;

/// <summary>Codes of refused connections to the collectors' hub, and of refused introductions.</summary>
[ReasonCodes("Collector connection")]
internal static class CollectorErrorCodes
{
    [Description("The collector presented neither its node's secret nor a token that the cluster accepts (401).")]
    public const string NotAuthenticated = "collector.not_authenticated";

    [Description("Collectors are not served over TCP without Collectors:Token or Collectors:Audience (403).")]
    public const string TcpDisabled = "collector.tcp_disabled";

    [Description("The Unix socket serves only collectors (404).")]
    public const string SocketServesCollectorsOnly = "collector.socket_serves_collectors_only";

    [Description("The connection has already sent its introduction.")]
    public const string IntroducedTwice = "collector.introduced_twice";

    [Description("The token is of another service account than the collectors' (403).")]
    public const string OtherAccount = "collector.other_account";

    [Description("The token is bound to no pod of which a node is known (403).")]
    public const string NotBound = "collector.not_bound";

    [Description("The API server did not answer whether the token is valid (503). The collector tries again.")]
    public const string ReviewUnavailable = "collector.review_unavailable";

    [Description("The request or the introduction names another node than the secret or the token.")]
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
