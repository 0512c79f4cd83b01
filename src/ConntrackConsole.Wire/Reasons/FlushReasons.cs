using System.ComponentModel;

namespace ConntrackConsole.Wire;

/// <summary>Codes of flush refusals that console and node share.</summary>
[ReasonCodes("Flush, console and node")]
internal static class FlushReasons
{
    /// <summary>The target is not an IP address in canonical form.</summary>
    [Description("The target is not an IP address in canonical form.")]
    public const string InvalidAddress = "flush.invalid_address";

    /// <summary>The address is loopback, multicast, unspecified or broadcast: no pod can have it.</summary>
    [Description("The address is loopback, multicast, unspecified or broadcast: no pod can have it.")]
    public const string AddressNotPod = "flush.address_not_pod";

    /// <summary>The address belongs to a node, its gateway, or is the first or last address of one of its networks.</summary>
    [Description("The address belongs to a node, its gateway, or is the first or last address of one of its networks.")]
    public const string NodeAddress = "flush.node_address";

    /// <summary>A live pod owns the address.</summary>
    [Description("A live pod owns the address.")]
    public const string OwnerLive = "flush.owner_live";

    /// <summary>The address belongs to a Service.</summary>
    [Description("The address belongs to a Service.")]
    public const string OwnerService = "flush.owner_service";

    /// <summary>The console knows no pod that owned the address.</summary>
    [Description("The console knows no pod that owned the address.")]
    public const string OwnerUnknown = "flush.owner_unknown";

    /// <summary>The command carries no ownership statement.</summary>
    [Description("The command carries no ownership statement.")]
    public const string OwnerUnstated = "flush.owner_unstated";

    /// <summary>The ownership statement names another address.</summary>
    [Description("The ownership statement names another address.")]
    public const string StatementMismatch = "flush.statement_mismatch";

    /// <summary>The ownership statement is dated ahead of the clock of the node.</summary>
    [Description("The ownership statement is dated ahead of the clock of the node.")]
    public const string StatementFuture = "flush.statement_future";

    /// <summary>The view of the cluster is older than 10 s.</summary>
    [Description("The view of the cluster is older than 10 s.")]
    public const string ClusterStale = "flush.cluster_stale";

    /// <summary>More entries match than one flush may delete on a node.</summary>
    [Description("More entries match than one flush may delete on a node.")]
    public const string TooManyEntries = "flush.too_many_entries";

    /// <summary>This number of entries requires the approval of a second person.</summary>
    [Description("This number of entries requires the approval of a second person.")]
    public const string ApprovalRequired = "flush.approval_required";

    /// <summary>The preset all on a terminating pod requires break-glass.</summary>
    [Description("The preset all on a terminating pod requires break-glass.")]
    public const string PresetNeedsBreakGlass = "flush.preset_needs_break_glass";

    /// <summary>The preset is unknown.</summary>
    [Description("The preset is unknown.")]
    public const string UnknownPreset = "flush.unknown_preset";

    /// <summary>The protocol is not tcp, udp or sctp.</summary>
    [Description("The protocol is not tcp, udp or sctp.")]
    public const string InvalidProtocol = "flush.invalid_protocol";

    /// <summary>The Service address is not an IP address in canonical form.</summary>
    [Description("The Service address is not an IP address in canonical form.")]
    public const string InvalidServiceAddress = "flush.invalid_service_address";

    /// <summary>A Service port was given without the Service address.</summary>
    [Description("A Service port was given without the Service address.")]
    public const string PortWithoutAddress = "flush.port_without_address";

    /// <summary>The port is not between 1 and 65535.</summary>
    [Description("The port is not between 1 and 65535.")]
    public const string InvalidPort = "flush.invalid_port";

    /// <summary>A preview with this id exists already on the node.</summary>
    [Description("A preview with this id exists already on the node.")]
    public const string PreviewExists = "flush.preview_exists";

    /// <summary>The node does not have this preview: it was used, has expired, or was lost in a restart.</summary>
    [Description("The node does not have this preview: it was used, has expired, or was lost in a restart.")]
    public const string PreviewGone = "flush.preview_gone";

    /// <summary>The preview is too old to be used without an approval.</summary>
    [Description("The preview is too old to be used without an approval.")]
    public const string PreviewExpired = "flush.preview_expired";

    /// <summary>The digest does not match the previewed list.</summary>
    [Description("The digest does not match the previewed list.")]
    public const string DigestMismatch = "flush.digest_mismatch";

    /// <summary>Another flush is running on the node.</summary>
    [Description("Another flush is running on the node.")]
    public const string Busy = "flush.busy";

    /// <summary>The node no longer tracks the outcome of this flush.</summary>
    [Description("The node no longer tracks the outcome of this flush.")]
    public const string OutcomeUnknown = "flush.outcome_unknown";

    /// <summary>IPVS keeps connections to the address in its own table: a flush does not end them.</summary>
    [Description("IPVS keeps connections to the address in its own table: a flush does not end them.")]
    public const string IpvsKeeps = "flush.ipvs_keeps";
}
