using System.Collections.Frozen;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation;

/// <summary>
/// Looks up individual entries of the addresses on the console's watch list, in rounds: no event reports that an entry's timeout
/// has fallen while its state is unchanged. A round lists the entries from the followed table (no message to the kernel for an
/// address without entries), then queries at most <see cref="MaxLookups"/> of them per second, and once more when the list grows. Runs on the
/// observer's thread, shortly before its frame, which then has the result.
/// </summary>
internal sealed class AddressWatcher(Sysctl sysctl)
{
    public const int MaxLookups = 500;
    private const long AnsweringMs = 2_000;

    // Established entries answer or not; of the others only their senders show.
    private readonly Dictionary<FlowEntryId, AcknowledgementTracker> _trackers = [];
    private readonly Dictionary<FlowEntryId, RefreshTracker> _others = [];
    private readonly HashSet<FlowEntryId> _notEstablished = []; // Of the round.
    private readonly AddressPaths _paths = new();
    private readonly NewEntries _newEntries = new();
    private readonly Dictionary<Ip, WatchedDetail> _details = [];
    private readonly List<FlowEntryId> _round = [];
    private readonly List<TrackedFlow> _found = [];
    private readonly Dictionary<Ip, WatchedAddress> _reported = [];
    private volatile FrozenSet<Ip> _watched = [];
    private volatile bool _hasNew;
    private volatile uint _leftOut; // Addresses of the list.
    private int _next;

    /// <summary>The attempts to connect by unanswered entries.</summary>
    public EndedAttempts Attempts { get; } = new();

    /// <summary>Number of look-ups sent so far.</summary>
    public long Lookups { get; private set; }

    /// <summary>Replaces the watch list; invalid addresses are ignored. Thread-safe.</summary>
    public void Watch(IEnumerable<string?> podIps)
    {
        var former = _watched;
        var all = podIps.ToList();
        _leftOut = (uint)Math.Max(0, all.Count - WatchList.MaxPodIps);
        _watched = all.Take(WatchList.MaxPodIps).Select(text => Ip.TryParse(text, out var ip) ? ip : default).Where(ip => !ip.IsNone).ToFrozenSet();
        if (_watched.Except(former).Any())
            _hasNew = true;
    }

    /// <summary>Addresses were added to the watch list: their first look-up, which the others compare with, need not wait for the second's end.</summary>
    public bool HasNew => _hasNew && _next >= _round.Count;

    /// <summary>There are UDP entries to a watched address.</summary>
    public bool HasUdp => _others.Keys.Any(name => name.Reply.Proto == Protocols.Udp);

    /// <summary>A new entry that continues no connection.</summary>
    /// <param name="afterMs">It was made after this, milliseconds of Unix time.</param>
    public void OnNew(in Flow flow, long afterMs)
    {
        if (_watched.Count > 0 && flow.IsTranslated && _watched.Contains(flow.Reply.Src))
            _newEntries.Add(flow.Reply.Src, afterMs);
    }

    public void Look(ConntrackTable table, FlowTable flows, long nowMs)
    {
        _hasNew = false;
        var watched = _watched;
        if (_next >= _round.Count)
            Begin(flows, watched);
        if (_round.Count == 0)
            return;
        uint unacknowledged = Unacknowledged();
        // On a busy machine they take long, and what is left of a timeout is of each one's own time.
        long beganMs = Environment.TickCount64;
        for (int sent = 0; sent < MaxLookups && _next < _round.Count; sent++)
            LookUp(table, flows, _round[_next++], unacknowledged, nowMs + (Environment.TickCount64 - beganMs));
    }

    /// <summary>Adds the rows that changed since they were last emitted; all rows in a key frame.</summary>
    public void Fill(NodeFrame frame, long nowMs)
    {
        if (_round.Count == 0 && _reported.Count == 0)
            return;
        var rows = new Dictionary<Ip, WatchedAddress>();
        foreach (var name in _round)
        {
            if (_notEstablished.Contains(name))
                continue;
            var row = rows.GetValueOrDefault(name.Reply.Src, new WatchedAddress(name.Reply.Src, 0, 0, 0, 0, 0));
            row = row with { Entries = row.Entries + 1 };
            // A timeout that proves nothing leaves the entry unknown, as if it had not been looked up.
            if (_trackers.TryGetValue(name, out var look) && !(look.ProvesNothing && !look.IsAlive(nowMs)))
            {
                row = row with { Checked = row.Checked + 1 };
                row = look.IsAlive(nowMs) ? row with { Alive = row.Alive + 1 }
                    : look.IsUnacknowledged(nowMs) ? row with { Unacknowledged = row.Unacknowledged + 1 }
                    : row with { Idle = row.Idle + 1 };
            }

            rows[name.Reply.Src] = row;
        }

        foreach (var gone in _reported.Keys.Except(rows.Keys).ToList())
        {
            frame.WatchedAddresses.Add(new WatchedAddress(gone, 0, 0, 0, 0, 0));
            _reported.Remove(gone);
        }

        foreach (var row in rows.Values)
        {
            if (frame.IsKey || !_reported.TryGetValue(row.PodIp, out var last) || last != row)
                frame.WatchedAddresses.Add(row);
            _reported[row.PodIp] = row;
        }
    }

    /// <summary>Adds the details that changed since they were last emitted; all in a key frame.</summary>
    /// <param name="lateMs">How long after the end of the frame's second this is.</param>
    public void FillDetails(NodeFrame frame, long nowMs, long lateMs = 0)
    {
        // Now, not with the entries: whether an address is dead is then known as of the frame's time.
        _paths.Look(_watched);
        if (_trackers.Count + _others.Count + _details.Count == 0 && !_newEntries.Any && !_paths.Known.Any())
            return;
        var rows = _paths.Known.ToDictionary(ip => ip, ip => new WatchedDetail(ip, _paths.Of(ip).State, _paths.Of(ip).Link, 0, 0, 0, 0));
        foreach (var (name, look) in _trackers)
        {
            var row = Row(name.Reply.Src);
            if (look.RoseWithin(AnsweringMs, nowMs))
                rows[row.PodIp] = row with { Answering = row.Answering + 1 };
            else if (look.MayWait)
                rows[row.PodIp] = row with { Waiting = row.Waiting + 1, BackingOff = row.BackingOff + (look.IsBackingOff(nowMs) ? 1u : 0) };
        }

        foreach (var (name, look) in _others)
        {
            var row = Row(name.Reply.Src);
            if (name.Reply.Proto == Protocols.Udp && (look.IsRefreshed(nowMs) || look.IsSending(nowMs)))
            {
                rows[row.PodIp] = row with
                {
                    UdpRefreshed = row.UdpRefreshed + 1,
                    UdpSending = row.UdpSending + (look.IsSending(nowMs) ? 1u : 0),
                    UdpSendingLastSecond = row.UdpSendingLastSecond + (look.IsSendingLastSecond(nowMs - lateMs) ? 1u : 0),
                };
            }
            else if (name.Reply.Proto == Protocols.Tcp && look.IsReused(nowMs))
                rows[row.PodIp] = row with { SynReused = row.SynReused + 1 };
        }

        // Where a repeated SYN renews its entry, both sources show the same entries.
        foreach (var reused in Attempts.Reused(nowMs).Where(_watched.Contains).CountBy(backend => backend))
        {
            var row = Row(reused.Key);
            rows[row.PodIp] = row with { SynReused = Math.Max(row.SynReused, (uint)reused.Value) };
        }

        foreach (var (backend, ageMs) in _newEntries.Take(_watched, frame.AtMs))
            rows[backend] = Row(backend) with { NewestEntryMs = ageMs };
        foreach (var gone in _details.Keys.Where(ip => !rows.TryGetValue(ip, out var row) || row.IsEmpty).ToList())
        {
            frame.WatchedDetails.Add(new WatchedDetail(gone, PathState.Elsewhere, 0, 0, 0, 0, 0));
            _details.Remove(gone);
        }

        foreach (var row in rows.Values.Where(row => !row.IsEmpty))
        {
            if (frame.IsKey || _details.GetValueOrDefault(row.PodIp) != row)
                frame.WatchedDetails.Add(row);
            _details[row.PodIp] = row;
        }

        WatchedDetail Row(Ip ip) => rows.GetValueOrDefault(ip, new WatchedDetail(ip, PathState.Elsewhere, 0, 0, 0, 0, 0));
    }

    /// <summary>Adds what could not be observed to the number of notes that do not fit: that nothing is reported of it is no sign that there was nothing.</summary>
    public void FillLeftOut(NodeFrame frame) => frame.MoreNotes += _leftOut + Attempts.TakeLeftOut();

    private void Begin(FlowTable flows, FrozenSet<Ip> watched)
    {
        _round.Clear();
        _next = 0;
        _found.Clear();
        _notEstablished.Clear();
        flows.EnumerateByBackend(watched, _found);
        foreach (var flow in _found)
        {
            bool isTranslated = flow.Reply.Src != flow.Orig.Dst;
            // Untranslated datagrams to a Service have its own address as reply source, and are watched by it.
            if (flow.Orig.Proto == Protocols.Udp || (flow.Orig.Proto == Protocols.Tcp && isTranslated && flow.State is FlowState.Established or FlowState.SynSent))
            {
                var name = new FlowEntryId(flow.Reply, flow.Zone);
                _round.Add(name);
                if (flow.Orig.Proto == Protocols.Udp || flow.State == FlowState.SynSent)
                    _notEstablished.Add(name);
            }
        }

        if (_trackers.Count + _others.Count == 0)
            return;
        var present = _round.ToHashSet();
        foreach (var name in _trackers.Keys.Where(name => !present.Contains(name)).ToList())
            _trackers.Remove(name);
        foreach (var name in _others.Keys.Where(name => !present.Contains(name)).ToList())
            _others.Remove(name);
    }

    private void LookUp(ConntrackTable table, FlowTable flows, FlowEntryId name, uint unacknowledged, long nowMs)
    {
        Lookups++;
        Flow? found;
        try
        {
            found = table.Get(name.Reply, name.Zone);
        }
        catch (NetlinkException)
        {
            return; // Not looked up: the row then has fewer checked than entries.
        }

        if (found is { TimeoutSeconds: { } left } other && (other.Orig.Proto == Protocols.Udp || other.State == FlowState.SynSent))
        {
            _others.TryGetValue(name, out var sent);
            sent.Next(left, nowMs, other.Orig.Proto == Protocols.Udp ? UdpTimeout(other.Status) : 0);
            _others[name] = sent;
            _trackers.Remove(name);
            return;
        }

        _others.Remove(name);
        if (found is { } entry)
            flows.Renew(in entry);
        if (found is not { State: FlowState.Established, TimeoutSeconds: { } timeout })
        {
            _trackers.Remove(name);
            return;
        }

        _trackers.TryGetValue(name, out var look);
        look.Next(timeout, unacknowledged, nowMs);
        _trackers[name] = look;
    }

    // An entry that was answered has the longer timeout when it is two seconds old, and is assured then.
    private uint UdpTimeout(FlowStatus status) => (status & FlowStatus.Assured) != 0 ? Seconds(SysctlKey.UdpTimeoutStream)
        : (status & FlowStatus.SeenReply) == 0 ? Seconds(SysctlKey.UdpTimeout) : 0;

    private uint Seconds(SysctlKey key) => sysctl.TryRead(key, out long value) == SysctlFault.None ? (uint)Math.Clamp(value, 0, uint.MaxValue) : 0;

    // 0 if the timeout is not significant: then no entry is ever at or below it.
    private uint Unacknowledged() =>
        sysctl.TryRead(SysctlKey.TcpTimeoutUnacknowledged, out long unacknowledged) == SysctlFault.None
        && sysctl.TryRead(SysctlKey.TcpTimeoutEstablished, out long established) == SysctlFault.None
        && established > unacknowledged ? (uint)unacknowledged : 0;
}

/// <summary>Identifies an entry in a look-up.</summary>
internal readonly record struct FlowEntryId(FlowTuple Reply, ushort Zone);
