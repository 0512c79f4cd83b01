using System.Globalization;
using ConntrackConsole.Kernel.Ipvs;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation;

/// <summary>
/// Samples the node's settings and host counters once per second and emits changes, whoever made them. Runs on the observer's
/// thread, because /proc/sys/net and /proc/net belong to the network namespace of the thread that opens them.
/// </summary>
/// <param name="sysctl">Access to /proc/sys.</param>
/// <param name="proc">Mount point of procfs.</param>
/// <param name="filter">Value of this program's filter while there may be one, else null: a query of the kernel is not free.</param>
internal sealed class NodeSampler(Sysctl sysctl, string proc = "/proc", Func<string?>? filter = null)
{
    private static readonly SysctlKey[] Keys = [.. SysctlKey.All.Where(key => key != SysctlKey.Count)];
    private static readonly string[] IpvsSwitches = ["conn_reuse_mode", "conntrack", "expire_nodest_conn", "expire_quiescent_template"];

    private readonly ProcFile[] _files = [.. Keys.Select(sysctl.FileOf)];
    private readonly (SysctlFault Fault, long Value)[] _last = new (SysctlFault, long)[Keys.Length];
    private readonly ProcFile _snmp = SnmpTcp.Open(proc);
    private readonly Dictionary<string, string> _known = [];
    private readonly bool _ipvs = IpvsTimeouts.IsLoaded(proc);
    private SnmpTcp _lastTcp;
    private bool _haveTcp;
    private bool _baseline;

    /// <summary>The shortest timeout that a packet can give an established TCP entry without an event; 0 = unknown.</summary>
    public uint MinEstablishedSeconds
    {
        get
        {
            long shortest = Math.Min(Value(SysctlKey.TcpTimeoutEstablished), Math.Min(Value(SysctlKey.TcpTimeoutUnacknowledged), Value(SysctlKey.TcpTimeoutMaxRetrans)));
            bool resetsCut = Value(SysctlKey.TcpBeLiberal) != 0 || Value(SysctlKey.TcpIgnoreInvalidRst, absent: 0) != 0;
            return (uint)Math.Clamp(resetsCut ? Math.Min(shortest, Value(SysctlKey.TcpTimeoutClose)) : shortest, 0, uint.MaxValue);
        }
    }

    /// <summary>True if that is the timeout that every packet gives.</summary>
    public bool IsMinOrdinary => MinEstablishedSeconds is > 0 and var shortest && shortest == Value(SysctlKey.TcpTimeoutEstablished);

    public void Fill(NodeFrame frame)
    {
        for (int index = 0; index < Keys.Length; index++)
        {
            var fault = Sysctl.TryRead(_files[index], out long value);
            if (_baseline && _last[index] == (fault, value))
                continue;
            _last[index] = (fault, value);
            Note(frame, Keys[index].Name, fault == SysctlFault.None ? value.ToString(CultureInfo.InvariantCulture) : "");
        }

        if (_ipvs)
            NoteIpvs(frame);
        NoteFilter(frame);
        _baseline = true;
        if (!SnmpTcp.TryRead(_snmp, out var tcp))
        {
            _haveTcp = false;
            return;
        }

        if (_haveTcp)
        {
            frame.HostTcp = new HostTcp(
                tcp.OutRsts - _lastTcp.OutRsts, tcp.EstabResets - _lastTcp.EstabResets,
                tcp.AttemptFails - _lastTcp.AttemptFails, tcp.RetransSegs - _lastTcp.RetransSegs);
        }

        _lastTcp = tcp;
        _haveTcp = true;
    }

    // The last sample; before the first one the file.
    private long Value(SysctlKey key, long absent = -1) => _known.TryGetValue(key.Name, out string? known)
        ? long.TryParse(known, CultureInfo.InvariantCulture, out long value) ? value : absent
        : sysctl.TryRead(key, out long read) == SysctlFault.None ? read : absent;

    private void NoteIpvs(NodeFrame frame)
    {
        if (IpvsTimeouts.TryRead(out var timeouts, proc))
        {
            Note(frame, "ipvs.timeout_tcp", timeouts.Tcp.ToString(CultureInfo.InvariantCulture));
            Note(frame, "ipvs.timeout_tcpfin", timeouts.TcpFin.ToString(CultureInfo.InvariantCulture));
            Note(frame, "ipvs.timeout_udp", timeouts.Udp.ToString(CultureInfo.InvariantCulture));
        }

        foreach (string name in IpvsSwitches)
        {
            try
            {
                Note(frame, "net.ipv4.vs." + name, File.ReadAllText($"{proc}/sys/net/ipv4/vs/{name}").Trim());
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                Note(frame, "net.ipv4.vs." + name, "");
            }
        }
    }

    private void NoteFilter(NodeFrame frame)
    {
        // Off and never seen before is the normal state, and not a change.
        string now = filter?.Invoke() ?? SettingCatalog.Off;
        if (now != SettingCatalog.Off || _known.ContainsKey(SettingCatalog.DropInvalid))
            Note(frame, SettingCatalog.DropInvalid, now);
    }

    // Initial values are part of Hello; IPVS values are emitted as changes from empty.
    private void Note(NodeFrame frame, string name, string now)
    {
        string before = _known.GetValueOrDefault(name, "");
        if (before == now)
            return;
        _known[name] = now;
        if (_baseline || !name.StartsWith("net.netfilter.", StringComparison.Ordinal))
            frame.Settings.Add(new SettingChange(frame.AtMs, name, before, now));
    }
}
