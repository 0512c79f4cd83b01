using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ingest;

/// <summary>Codes of refused connections to the collectors' hub.</summary>
[ReasonCodes("Collector connection")]
internal static class CollectorErrorCodes
{
    [Description("The collector did not present a valid node secret (401).")]
    public const string NotAuthenticated = "collector.not_authenticated";

    [Description("Collectors are not served over TCP without Collectors:Token (403).")]
    public const string TcpDisabled = "collector.tcp_disabled";

    [Description("The Unix socket serves only collectors (404).")]
    public const string SocketServesCollectorsOnly = "collector.socket_serves_collectors_only";
}
