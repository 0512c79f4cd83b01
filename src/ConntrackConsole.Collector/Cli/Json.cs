
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>A group of flows. All address fields are null for the one group of everything else.</summary>
internal sealed record GroupJson(
    string? Proto, string? Vip, int? Vport, string? Backend, int? Bport, IReadOnlyDictionary<string, uint> States, uint Total)
{
    public static GroupJson Of(GroupCounts group)
    {
        var states = new SortedDictionary<string, uint>(StringComparer.Ordinal);
        for (int state = 0; state < FlowStates.Count; state++)
        {
            if (group.Counts[state] != 0)
                states[((FlowState)state).Name()] = group.Counts[state];
        }

        var key = group.Key;
        if (key.IsOther)
            return new GroupJson(null, null, null, null, null, states, group.Counts.Total);
        bool ports = !Protocols.IsPortless(key.Proto);
        return new GroupJson(
            Protocols.Name(key.Proto), key.IsDirect ? null : key.Vip.ToString(), key.IsDirect || !ports ? null : key.Vport,
            key.Backend.ToString(), ports ? key.Bport : null, states, group.Counts.Total);
    }
}

/// <summary>A reset, with the flow it belongs to where one was found.</summary>
internal sealed record ResetJson(
    DateTimeOffset At, ResetKind Kind, bool Received, string Src, int Sport, string Dst, int Dport,
    string? Vip, int? Vport, string? Backend, int? Bport, int Reason,
    ResetOrigin Origin, uint? SequenceNumber)
{
    public static ResetJson Of(Reset reset) => new(
        DateTimeOffset.FromUnixTimeMilliseconds(reset.AtMs), reset.Kind, reset.Received, reset.Src.ToString(), reset.Sport,
        reset.Dst.ToString(), reset.Dport, reset.Vip.IsNone ? null : reset.Vip.ToString(), reset.Vip.IsNone ? null : reset.Vport,
        reset.Backend.IsNone ? null : reset.Backend.ToString(), reset.Backend.IsNone ? null : reset.Bport, reset.Reason,
        reset.Origin, reset.Sequence == 0 ? null : reset.Sequence);
}

/// <summary>A remarkable birth or death of an entry; the cause is null for a birth.</summary>
internal sealed record NoteJson(
    DateTimeOffset At, FlowNoteKind Kind, LossCause? Cause, string Src, int Sport, string Dst, int Dport, string Backend, int Bport, uint PortId)
{
    public static NoteJson Of(FlowNote note) => new(
        DateTimeOffset.FromUnixTimeMilliseconds(note.AtMs), note.Kind, note.Cause == LossCause.None ? null : note.Cause,
        note.Src.ToString(), note.Sport, note.Dst.ToString(), note.Dport, note.Backend.ToString(), note.Bport, note.PortId);
}

/// <summary>A stretch of time that is not fully known.</summary>
internal sealed record GapJson(GapKind Kind, DateTimeOffset From, DateTimeOffset To, uint Lost)
{
    public static GapJson Of(Gap gap) => new(
        gap.Kind, DateTimeOffset.FromUnixTimeMilliseconds(gap.FromMs), DateTimeOffset.FromUnixTimeMilliseconds(gap.ToMs), gap.Lost);
}

/// <summary>What kube-proxy told; null = its metrics do not have it.</summary>
internal sealed record ProxyJson(
    DateTimeOffset At, bool Answers, ProxyMode Mode, int HealthStatus, double? ProcessStart, double? LastSync, double? LastQueued,
    double? SyncP99, double? EndpointChanges, double? EndpointChangesPending, double? ServiceChangesPending, double? SyncFailures,
    double? ReconcilerDeleted, double? InvalidDropped, double? ApiErrors)
{
    public static ProxyJson Of(ProxyReading read) => new(
        DateTimeOffset.FromUnixTimeMilliseconds(read.AtMs), read.Answers, read.Mode, read.HealthStatus, Known(read.ProcessStart),
        Known(read.LastSync), Known(read.LastQueued), Known(read.SyncP99), Known(read.EndpointChanges), Known(read.EndpointChangesPending),
        Known(read.ServiceChangesPending), Known(read.SyncFailures), Known(read.ReconcilerDeleted), Known(read.InvalidDropped), Known(read.ApiErrors));

    // JSON has neither NaN nor infinity.
    private static double? Known(double value) => double.IsFinite(value) ? value : null;
}

/// <summary>A frame. Without <paramref name="Key"/> only the groups that changed.</summary>
internal sealed record FrameJson(
    ulong Sequence, DateTimeOffset At, bool Key, Counters Counters, IReadOnlyList<GroupJson> Groups,
    IReadOnlyList<ResetJson> Resets, IReadOnlyList<GapJson> Gaps, IReadOnlyList<NoteJson> Notes, uint MoreNotes,
    IReadOnlyList<SettingChange> Settings, ProxyJson? Proxy, HostTcp? HostTcp)
{
    public static FrameJson Of(NodeFrame frame) => new(
        frame.Sequence, DateTimeOffset.FromUnixTimeMilliseconds(frame.AtMs), frame.IsKey, frame.Counters,
        [.. frame.Groups.Select(GroupJson.Of)], [.. frame.Resets.Select(ResetJson.Of)], [.. frame.Gaps.Select(GapJson.Of)],
        [.. frame.Notes.Select(NoteJson.Of)], frame.MoreNotes, [.. frame.Settings], frame.Proxy is null ? null : ProxyJson.Of(frame.Proxy), frame.HostTcp);
}

/// <summary>What a flush from the command line listed and did; <paramref name="Deleted"/> and the rest are null in a dry run.</summary>
internal sealed record FlushJson(
    string PodIp, string Preset, bool DryRun, IReadOnlyList<FlowEntry> Entries, int? Deleted, int? AlreadyGone, int? Alive,
    int? Failed, int? Remaining, IReadOnlyList<string> Errors);
