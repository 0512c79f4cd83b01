using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Wire;

/// <summary>The flows of one group at the end of a frame's second: one count for each <see cref="FlowState"/>.</summary>
/// <param name="Key">The group.</param>
/// <param name="Counts">Counts by state, index = (int)<see cref="FlowState"/>; all zero = the group is gone.</param>
internal readonly record struct GroupCounts(GroupKey Key, StateCounts Counts);

/// <summary>Counts by <see cref="FlowState"/>, inline, without allocation.</summary>
[System.Runtime.CompilerServices.InlineArray(FlowStates.Count)]
internal struct StateCounts : IEquatable<StateCounts>
{
    private uint _first;

    /// <summary>Flows in all states.</summary>
    public readonly uint Total
    {
        get
        {
            uint total = 0;
            foreach (uint count in this)
                total += count;
            return total;
        }
    }

    /// <summary>Flows in states for which <see cref="FlowStates.IsLive"/> is true.</summary>
    public readonly uint Live
    {
        get
        {
            uint live = 0;
            for (int state = 0; state < FlowStates.Count; state++)
            {
                if (((FlowState)state).IsLive())
                    live += this[state];
            }

            return live;
        }
    }

    /// <inheritdoc/>
    public readonly bool Equals(StateCounts other) => ((ReadOnlySpan<uint>)this).SequenceEqual(other);

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is StateCounts other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode()
    {
        var hash = new HashCode();
        foreach (uint count in this)
            hash.Add(count);
        return hash.ToHashCode();
    }

    /// <summary>Equality.</summary>
    public static bool operator ==(StateCounts left, StateCounts right) => left.Equals(right);

    /// <summary>Inequality.</summary>
    public static bool operator !=(StateCounts left, StateCounts right) => !left.Equals(right);
}

/// <summary>
/// What one node observed in one second. Self-contained, except that a frame that is not a key frame contains only the groups
/// with changed counts.
/// </summary>
internal sealed class NodeFrame
{
    private ResetOverflow _moreResets;

    /// <summary>Number of the frame, counted by the collector from 1 since its start; numbers are not reused.</summary>
    public ulong Sequence { get; set; }

    /// <summary>End of the second, milliseconds of Unix time by the node's clock.</summary>
    public long AtMs { get; set; }

    /// <summary>True if <see cref="Groups"/> contains every existing group: other groups are gone.</summary>
    public bool IsKey { get; set; }

    /// <summary>The kernel's counters.</summary>
    public Counters Counters { get; set; }

    /// <summary>Resets of this second that did not fit into <see cref="Resets"/>, by <see cref="ResetKind"/>.</summary>
    public ref ResetOverflow MoreResets => ref _moreResets;

    /// <summary>Groups that changed (all groups in a key frame).</summary>
    public List<GroupCounts> Groups { get; } = [];

    /// <summary>Resets of this second, at most <see cref="NodeFrameCodec.MaxResets"/>.</summary>
    public List<Reset> Resets { get; } = [];

    /// <summary>Intervals with incomplete data.</summary>
    public List<Gap> Gaps { get; } = [];

    /// <summary>Unusual creations and removals of entries, at most <see cref="NodeFrameCodec.MaxNotes"/>.</summary>
    public List<FlowNote> Notes { get; } = [];

    /// <summary>Notes of this second that did not fit into <see cref="Notes"/>.</summary>
    public uint MoreNotes { get; set; }

    /// <summary>Results of the look-ups for addresses on the console's watch list.</summary>
    public List<WatchedAddress> WatchedAddresses { get; } = [];

    /// <summary>What else is known of these addresses, where it changed.</summary>
    public List<WatchedDetail> WatchedDetails { get; } = [];

    /// <summary>Connections to Services that were answered only after a repeated SYN, at most <see cref="NodeFrameCodec.MaxLateAnswers"/>.</summary>
    public List<LateAnswer> LateAnswers { get; } = [];

    /// <summary>Packets to Services that a rule refused, at most <see cref="NodeFrameCodec.MaxRefusals"/>.</summary>
    public List<ServiceRefusal> Refusals { get; } = [];

    /// <summary>Late answers of this second that did not fit into <see cref="LateAnswers"/>.</summary>
    public uint MoreLateAnswers { get; set; }

    /// <summary>Refusals of this second that did not fit into <see cref="Refusals"/>.</summary>
    public uint MoreRefusals { get; set; }

    /// <summary>Settings that changed.</summary>
    public List<SettingChange> Settings { get; } = [];

    /// <summary>A reading of kube-proxy, in seconds with a scrape.</summary>
    public ProxyReading? Proxy { get; set; }

    /// <summary>What IPVS keeps, in seconds with a changed reading and in key frames; null elsewhere and where IPVS is not loaded.</summary>
    public IpvsReading? Ipvs { get; set; }

    /// <summary>TCP counters of the host's own namespace, if /proc/net/snmp is readable.</summary>
    public HostTcp? HostTcp { get; set; }

    /// <summary>Resource use of the collector.</summary>
    public CollectorCost? Cost { get; set; }

    /// <summary>Clears the frame for reuse.</summary>
    public void Clear()
    {
        Sequence = 0;
        AtMs = 0;
        IsKey = false;
        Counters = default;
        MoreResets = default;
        Groups.Clear();
        Resets.Clear();
        Gaps.Clear();
        Notes.Clear();
        MoreNotes = 0;
        WatchedAddresses.Clear();
        WatchedDetails.Clear();
        LateAnswers.Clear();
        Refusals.Clear();
        MoreLateAnswers = 0;
        MoreRefusals = 0;
        Settings.Clear();
        Proxy = null;
        Ipvs = null;
        HostTcp = null;
        Cost = null;
    }
}

/// <summary>Counts by <see cref="ResetKind"/>.</summary>
[System.Runtime.CompilerServices.InlineArray(Length)]
internal struct ResetOverflow
{
    /// <summary>How many kinds there are.</summary>
    public const int Length = 7;
    private uint _first;
}
