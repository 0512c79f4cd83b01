using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.NodeCounters;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Series;

/// <summary>
/// What a node's frames report of single connections, by the pod's address, and the increases of its counters. The diagnosis needs each of
/// them, with its time. Empty on a node without incidents. Not thread-safe: the store of the timeline holds its lock.
/// </summary>
internal sealed class NodeIncidents
{
    /// <summary>Maximum number of resets, notes and look-ups; beyond it the older half is dropped.</summary>
    public const int MaxKept = 4_096;

    /// <summary>Approximate size of each.</summary>
    public const long EntryBytes = 150;

    private const int MaxTruncated = 1_000;

    // A reset or note is from the seconds before its frame.
    private const long MaxDistanceMs = 60_000;

    private readonly Dictionary<Ip, AddressIncidents> _byAddress = [];
    private readonly List<CounterIncrease> _increases = [];
    private readonly List<long> _truncated = [];
    private readonly HashSet<Ip> _lookedUp = [];
    private readonly HashSet<Ip> _detailed = [];
    private readonly Dictionary<GroupKey, uint> _closed = []; // Groups with entries in CLOSE.
    private bool _isTableKnown;
    private ProxyReading? _proxy;
    private int _count;

    /// <summary>Addresses of which something was added that may need an explanation. The owner clears it.</summary>
    public HashSet<Ip> Touched { get; } = [];

    /// <summary>Number of what is kept.</summary>
    public int Count => _count;

    /// <summary>Everything from this time on is kept; 0 if nothing was dropped because there was too much.</summary>
    public long CompleteSinceMs { get; private set; }

    public IReadOnlyList<CounterIncrease> Increases => _increases;

    /// <summary>Frames in which not all notes, late answers or refusals fitted.</summary>
    public IReadOnlyList<long> TruncatedNotes => _truncated;

    public AddressIncidents? Of(Ip ip) => _byAddress.GetValueOrDefault(ip);

    /// <param name="follows">No frame before it is missing.</param>
    public void Add(NodeFrame frame, long atMs, bool follows)
    {
        // What happened in between belongs to no moment that is known.
        if (!follows)
        {
            _isTableKnown = false;
            _closed.Clear();
            _proxy = null;
        }

        var increase = CounterIncrease.Of(frame, atMs - (atMs % CounterIncrease.BucketMs), _proxy);
        if (!increase.IsZero)
            Add(increase);
        if (frame.Proxy is { Answers: true } proxy)
            _proxy = proxy;
        // A key frame has the row of every address with entries.
        if (frame.IsKey && _lookedUp.Count > 0)
        {
            foreach (var ip in _lookedUp.Except(frame.WatchedAddresses.Select(look => look.PodIp)).ToList())
                Add(new WatchedAddress(ip, 0, 0, 0, 0, 0), atMs);
        }

        if (frame.IsKey && _detailed.Count > 0)
        {
            foreach (var ip in _detailed.Except(frame.WatchedDetails.Select(row => row.PodIp)).ToList())
                Add(default(WatchedDetail) with { PodIp = ip }, atMs);
        }

        AddClosed(frame, atMs);
        if (frame.Resets.Count + frame.Notes.Count + frame.WatchedAddresses.Count + frame.WatchedDetails.Count + frame.LateAnswers.Count + frame.Refusals.Count == 0 && !IsTruncated(frame))
            return;
        foreach (ref readonly var reset in CollectionsMarshal.AsSpan(frame.Resets))
            Add(in reset, atMs);
        foreach (ref readonly var note in CollectionsMarshal.AsSpan(frame.Notes))
            Add(in note, atMs);
        foreach (var look in frame.WatchedAddresses)
            Add(look, atMs);
        foreach (var detail in frame.WatchedDetails)
            Add(detail, atMs);
        foreach (var answer in frame.LateAnswers)
            Add(answer, atMs);
        foreach (var refusal in frame.Refusals)
            Add(refusal, atMs);

        if (IsTruncated(frame))
        {
            // Without the newest a window would look complete; before the oldest nothing is known to be.
            if (_truncated.Count >= MaxTruncated)
            {
                CompleteSinceMs = Math.Max(CompleteSinceMs, _truncated[(MaxTruncated / 2) - 1] + 1);
                _truncated.RemoveRange(0, MaxTruncated / 2);
            }

            _truncated.Add(atMs);
        }

        if (_count > MaxKept)
            DropOlderHalf();
    }

    public void Trim(long beforeMs)
    {
        _increases.RemoveAll(increase => increase.AtMs < beforeMs - CounterIncrease.BucketMs);
        TrimEvents(beforeMs);
    }

    private void TrimEvents(long beforeMs)
    {
        _truncated.RemoveAll(atMs => atMs < beforeMs);
        if (_count == 0)
            return;
        _count = 0;
        foreach (var (ip, incidents) in _byAddress)
        {
            incidents.Trim(beforeMs);
            _count += incidents.Count;
            if (incidents.Count == 0)
                _byAddress.Remove(ip);
        }
    }

    private static bool IsTruncated(NodeFrame frame) => frame.MoreNotes + (ulong)frame.MoreLateAnswers + frame.MoreRefusals > 0;

    private void Add(in WatchedAddress look, long atMs)
    {
        bool any = look.Entries > 0;
        if (any ? !_lookedUp.Add(look.PodIp) && At(look.PodIp).Lookups is [.., var last] && last.Row == look : !_lookedUp.Remove(look.PodIp))
            return;
        At(look.PodIp).Lookups.Add((atMs, look));
        Touched.Add(look.PodIp);
        _count++;
    }

    private void Add(in WatchedDetail row, long atMs)
    {
        if (row.IsEmpty ? !_detailed.Remove(row.PodIp) : !_detailed.Add(row.PodIp) && At(row.PodIp).Details is [.., var last] && last.Row == row)
            return;
        At(row.PodIp).Details.Add((atMs, row));
        Touched.Add(row.PodIp);
        _count++;
    }

    private void Add(in LateAnswer answer, long atMs)
    {
        if (Math.Abs(answer.AtMs - atMs) > MaxDistanceMs)
            return;
        At(answer.Backend).LateAnswers.Add(answer);
        Touched.Add(answer.Backend);
        _count++;
    }

    private void Add(in ServiceRefusal refusal, long atMs)
    {
        if (Math.Abs(refusal.AtMs - atMs) > MaxDistanceMs)
            return;
        At(refusal.Vip).Refusals.Add(refusal);
        Touched.Add(refusal.Vip);
        _count++;
    }

    // A lower bound: an entry leaves CLOSE after ten seconds, and another one may come in the same second.
    private void AddClosed(NodeFrame frame, long atMs)
    {
        foreach (ref readonly var group in CollectionsMarshal.AsSpan(frame.Groups))
        {
            uint now = group.Counts[(int)FlowState.Close];
            if (now == 0 && _closed.Count == 0)
                continue;
            uint before = _closed.GetValueOrDefault(group.Key);
            if (now == 0)
                _closed.Remove(group.Key);
            else
                _closed[group.Key] = now;
            if (now > before && _isTableKnown && !group.Key.Vip.IsNone)
                AddClosed(group.Key, (int)(now - before), atMs);
        }

        if (!frame.IsKey)
            return;
        _isTableKnown = true;
        if (_closed.Count > 0)
        {
            foreach (var gone in _closed.Keys.Except(frame.Groups.Select(group => group.Key)).ToList())
                _closed.Remove(gone);
        }
    }

    private void AddClosed(GroupKey key, int count, long atMs)
    {
        var rows = At(key.Backend).Closed;
        long fromMs = atMs - (atMs % CounterIncrease.BucketMs);
        int last = rows.FindLastIndex(row => row.AtMs >= fromMs && row.Key == key);
        _count += last < 0 ? 1 : 0;
        if (last < 0)
            rows.Add(new ClosedEntries(atMs, key, count));
        else
            rows[last] = rows[last] with { Count = rows[last].Count + count };
    }

    private void Add(in CounterIncrease increase)
    {
        if (_increases.Count > 0 && _increases[^1].AtMs == increase.AtMs)
            _increases[^1] = _increases[^1].Plus(increase);
        else
            _increases.Add(increase);
    }

    private void Add(in Reset reset, long atMs)
    {
        // Without a Service: normal, and too many in a mesh. A timestamp is as untrusted as its node.
        if (reset.Kind == ResetKind.Direct || Math.Abs(reset.AtMs - atMs) > MaxDistanceMs)
            return;
        bool needsReason = reset.Kind is ResetKind.UnNated or ResetKind.FromBackend or ResetKind.RefusedSyn or ResetKind.NewBackend;
        if (!reset.Backend.IsNone)
        {
            Add(reset.Backend, reset, needsReason);
            return;
        }

        Add(reset.Src, reset, needsReason);
        Add(reset.Dst, reset, needsReason);
    }

    private void Add(Ip ip, in Reset reset, bool needsReason)
    {
        At(ip).Resets.Add(reset);
        _count++;
        if (needsReason)
            Touched.Add(ip);
    }

    private void Add(in FlowNote note, long atMs)
    {
        if (Math.Abs(note.AtMs - atMs) > MaxDistanceMs)
            return;
        // An entry that begins with the pod's own segment has the pod as its source, and its client as "backend".
        if (note.Kind == FlowNoteKind.UnNated)
        {
            Add(note.Src, note);
            return;
        }

        Add(note.Backend, note);
        // A lost entry may be created again towards another pod: both have the Service's address.
        if (note.Dst != note.Backend)
            Add(note.Dst, note);
    }

    private void Add(Ip ip, in FlowNote note)
    {
        At(ip).Notes.Add(note);
        Touched.Add(ip);
        _count++;
    }

    private AddressIncidents At(Ip ip) => CollectionsMarshal.GetValueRefOrAddDefault(_byAddress, ip, out _) ??= new AddressIncidents();

    private void DropOlderHalf()
    {
        long[] times = [.. _byAddress.Values.SelectMany(incidents => incidents.Times)];
        Array.Sort(times);
        long middleMs = times[times.Length / 2];
        // A burst of one moment stays, unless it alone is too much.
        CompleteSinceMs = middleMs == times[^1] && times.Length <= 2 * MaxKept ? middleMs : middleMs + 1;
        // The increases are few, however many events there are: without them an interval would look as if nothing had been counted.
        TrimEvents(CompleteSinceMs);
    }
}

/// <summary>What one node reported of one address; times are the node's.</summary>
internal sealed class AddressIncidents
{
    public List<Reset> Resets { get; } = [];

    /// <summary>Of entries with the address as backend, as Service address, or as source of an untranslated segment.</summary>
    public List<FlowNote> Notes { get; } = [];

    /// <summary>Results of look-ups, when they changed.</summary>
    public List<(long AtMs, WatchedAddress Row)> Lookups { get; } = [];

    /// <summary>What else is known of the address, when it changed.</summary>
    public List<(long AtMs, WatchedDetail Row)> Details { get; } = [];

    /// <summary>Connections that the address answered only after a repeated SYN.</summary>
    public List<LateAnswer> LateAnswers { get; } = [];

    /// <summary>Packets to the address, of a Service, that a rule refused.</summary>
    public List<ServiceRefusal> Refusals { get; } = [];

    /// <summary>Entries of the address that a reset closed.</summary>
    public List<ClosedEntries> Closed { get; } = [];

    public int Count => Resets.Count + Notes.Count + Lookups.Count + Details.Count + LateAnswers.Count + Refusals.Count + Closed.Count;

    public IEnumerable<long> Times => Resets.Select(reset => reset.AtMs).Concat(Notes.Select(note => note.AtMs)).Concat(Lookups.Select(look => look.AtMs))
        .Concat(Details.Select(row => row.AtMs)).Concat(LateAnswers.Select(answer => answer.AtMs)).Concat(Refusals.Select(refusal => refusal.AtMs)).Concat(Closed.Select(row => row.AtMs));

    public void Trim(long beforeMs)
    {
        Resets.RemoveAll(reset => reset.AtMs < beforeMs);
        Notes.RemoveAll(note => note.AtMs < beforeMs);
        LateAnswers.RemoveAll(answer => answer.AtMs < beforeMs);
        Refusals.RemoveAll(refusal => refusal.AtMs < beforeMs);
        Closed.RemoveAll(row => row.AtMs < beforeMs);
        int detail = Details.FindLastIndex(row => row.AtMs < beforeMs);
        if (detail >= 0)
            Details.RemoveRange(0, Details[detail].Row.IsEmpty ? detail + 1 : detail);
        // The last result before it is still the current one; that nothing is left needs no row.
        int last = Lookups.FindLastIndex(look => look.AtMs < beforeMs);
        if (last >= 0)
            Lookups.RemoveRange(0, Lookups[last].Row.Entries == 0 ? last + 1 : last);
    }
}
