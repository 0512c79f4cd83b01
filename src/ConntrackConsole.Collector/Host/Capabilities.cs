using ConntrackConsole.Collector.Commands.Settings;
using ConntrackConsole.Collector.KubeProxy;
using ConntrackConsole.Collector.Observation.Resets;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Ipvs;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Host;

/// <summary>Probes what this node can observe and do.</summary>
internal static class Capabilities
{
    public const string Events = "events";
    public const string Commands = "commands";

    private const string Trace =
        "Observes the TCP resets that sockets of this node and of all its pods send and accept, by the kernel's tcp tracepoints. "
        + "Cannot see: resets on 127.0.0.0/8 and ::1 (the trace has no namespace); the sequence number; resets sent by no socket of "
        + "this machine (forged, or from outside) unless a socket here accepts them; a listener's reset of a stray segment, "
        + "which is traced without a peer and appears only where it is received.";

    private const string AutoAddsPackets = " 'auto' therefore also opens the packet socket.";

    private const string Packet =
        "Observes TCP resets as packets where they leave a pod, and those that arrive from outside for an address of this node, "
        + "with the sequence number, accepted or not. Cannot see: resets sent by the node's own processes; resets that stay "
        + "inside a pod or on the node's loopback; why a reset was sent; pods on macvlan, ipvlan or a bridge that reaches "
        + "other nodes; IPv6 with extension headers. A reset from outside that is translated towards a pod of another "
        + "node is reported by both nodes. Costs about 0.4 µs per forwarded packet.";

    /// <param name="observeOnly">Why this node refuses every command, or null.</param>
    public static IReadOnlyList<Capability> Probe(string? observeOnly) =>
    [
        Try("dump", "Reads the conntrack table of this network namespace.", () =>
        {
            using var table = ConntrackTable.Open();
            table.Stats();
        }),
        Try(Events, "Follows NEW, UPDATE and DESTROY of conntrack entries. " + EventsSentence(), () => ConntrackEvents.Listen(64 * 1024).Dispose()),
        Resets("resets.trace", ResetChoice.Trace, Trace),
        Resets("resets.packet", ResetChoice.Packet, Packet),
        Refusals(),
        Proxy(),
        IpvsTableOf(),
        .. IpvsTimeouts.IsLoaded() ? (Capability[])[IpvsConntrack()] : [],
        new(Commands, observeOnly is null, observeOnly
            ?? "Accepts the console's commands, each checked by this node's own guards; --observe-only refuses them all."),
        Command("flush", observeOnly, null, "Lists and deletes the entries of a pod: presets Safe, DeadBackend and All, optionally limited to a Service or a protocol."),
        Command("settings", observeOnly, SettingsFault(), "Changes settings of a fixed list and reverts each automatically when it expires, even after a restart."),
        Command("filter", observeOnly, FilterFault(), "Arms a filter that drops INVALID packets; the kernel disarms it automatically."),
        Command("ipvs", observeOnly, IpvsTimeouts.IsLoaded() ? null : "IPVS is not loaded in this kernel or namespace.", "Changes the timeouts of IPVS."),
    ];

    // From these names a console determines what an older collector cannot do.
    private static Capability Command(string name, string? observeOnly, string? missing, string detail) =>
        new($"{Commands}.{name}", (observeOnly ?? missing) is null, observeOnly ?? missing ?? detail);

    // Opening the file for writing, without writing, shows whether the kernel and the mount allow it.
    private static string? SettingsFault()
    {
        try
        {
            File.OpenHandle($"{Sysctl.Root}/net/netfilter/{SysctlKey.TcpBeLiberal.ShortName}", FileMode.Open, FileAccess.Write).Dispose();
            return null;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return Sysctl.Explain(SysctlFault.Absent, SysctlKey.TcpBeLiberal);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Sysctl.Explain(SysctlFault.ReadOnly, SysctlKey.TcpBeLiberal);
        }
    }

    private static string? FilterFault() => FilterSetting.Read() is { Why: { } why } ? why : null;

    private static Capability Proxy()
    {
        using var proxy = new KubeProxyScraper(TimeProvider.System);
        var reading = proxy.ReadAsync(CancellationToken.None).GetAwaiter().GetResult();
        bool answers = reading.Answers;
        return new Capability(KubeProxyScraper.Capability, answers, !answers && reading.HealthStatus != 0
            ? "kube-proxy's health on :10256 is read, but its metrics do not answer on 127.0.0.1:10249 (another program replaces it, or --metrics-bind-address differs): of a lag only a failing health check is known."
            : answers ? "Reads kube-proxy's metrics, mode and health on 127.0.0.1:10249 and :10256."
            : "kube-proxy does not answer on 127.0.0.1:10249 (another program replaces it, or --metrics-bind-address differs): whether its rules lag is unknown.");
    }

    /// <summary>Whether IPVS is absent, cannot be read, or can.</summary>
    internal static Capability IpvsTableOf(string proc = "/proc")
    {
        const string Name = Capability.Ipvs;
        return IpvsFiles.TryOpen(proc, out string? why) ? new(Name, true, "Reads the timeouts, switches, servers and connections of IPVS.")
            : why is null ? new(Name, false, "IPVS is not loaded in this kernel or namespace: there is nothing to read.")
            : new(Name, false, $"IPVS is loaded, but its table cannot be read ({why.TrimEnd('.')}): whether it keeps connections to a removed server is unknown, and no flush counts as completed here.");
    }

    /// <summary>Whether conntrack contains the connections of IPVS.</summary>
    internal static Capability IpvsConntrack(string proc = "/proc")
    {
        const string Name = "ipvs.conntrack";
        return IpvsSwitches.Read(proc).Conntrack switch
        {
            true => new(Name, true, "net.ipv4.vs.conntrack=1: connections of IPVS have conntrack entries as well."),
            false => new(Name, false,
                "net.ipv4.vs.conntrack=0: IPVS keeps its connections in its own table only. They are missing in flows, groups, events and flushes here; kube-proxy sets 1."),
            null => new(Name, false, "net.ipv4.vs.conntrack cannot be read: it is unknown whether connections of IPVS have conntrack entries."),
        };
    }

    private static Capability Resets(string name, ResetChoice choice, string detail)
    {
        using var source = ResetSource.TryOpen(choice, out string why);
        return source is null ? new Capability(name, false, why) : new Capability(name, true, DetailOf(source.TracesEverySender, detail));
    }

    private static Capability Refusals()
    {
        using var source = ResetSource.TryOpen(ResetChoice.Trace, out string why);
        return source is { HasRefusals: true } ? new(Capability.Refusals, true, "Reports packets to Services that a rule refused with ICMP port unreachable (IPv4; the kernel sends one such message a second for each client).")
            : new(Capability.Refusals, false, source is null ? why : "This kernel has no tracepoint icmp:icmp_send (since Linux 6.11): whether clients are refused where a Service has no endpoint is unknown.");
    }

    /// <summary>What a source of resets cannot see on this kernel.</summary>
    internal static string DetailOf(bool tracesEverySender, string detail = Trace) =>
        tracesEverySender ? detail : $"{detail} {ResetSource.UntracedSenders}{AutoAddsPackets}";

    /// <summary>What net.netfilter.nf_conntrack_events means for the data.</summary>
    public static string EventsSentence(long? setting) => setting switch
    {
        0 => "nf_conntrack_events=0: the kernel sends no events, so the table is only dumped every few seconds; entries created and destroyed "
            + "in between, and why they were destroyed, are not seen. Set it to 1 or 2 to see them.",
        1 => "nf_conntrack_events=1: every entry emits events.",
        2 => "nf_conntrack_events=2: entries older than the collector emit no events; a background dump (every 15 s, less often "
            + "for a large table) detects their changes.",
        _ => "nf_conntrack_events cannot be read: whether every entry emits events is unknown.",
    };

    private static string EventsSentence() => EventsSentence(new Sysctl().TryRead(SysctlKey.Events, out long value) == SysctlFault.None ? value : null);

    private static Capability Try(string name, string detail, Action attempt)
    {
        try
        {
            attempt();
            return new Capability(name, true, detail);
        }
        catch (NetlinkException failure)
        {
            return new Capability(name, false, failure.Errno == Errno.EPERM
                ? "No permission for the conntrack table: run as root or give the program CAP_NET_ADMIN."
                : failure.Message);
        }
    }
}
