using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli.Json;

/// <summary>One frame. If <paramref name="Key"/> is false it contains only the groups that changed.</summary>
internal sealed record FrameJson(
    ulong Sequence, DateTimeOffset At, bool Key, Counters Counters, IReadOnlyList<GroupJson> Groups,
    IReadOnlyList<ResetJson> Resets, IReadOnlyList<GapJson> Gaps, IReadOnlyList<NoteJson> Notes, uint MoreNotes,
    IReadOnlyList<SettingChange> Settings, ProxyJson? Proxy, HostTcp? HostTcp, IpvsJson? Ipvs)
{
    public static FrameJson Of(NodeFrame frame) => new(
        frame.Sequence, DateTimeOffset.FromUnixTimeMilliseconds(frame.AtMs), frame.IsKey, frame.Counters,
        [.. frame.Groups.Select(GroupJson.Of)], [.. frame.Resets.Select(ResetJson.Of)], [.. frame.Gaps.Select(GapJson.Of)],
        [.. frame.Notes.Select(NoteJson.Of)], frame.MoreNotes, [.. frame.Settings], frame.Proxy is null ? null : ProxyJson.Of(frame.Proxy), frame.HostTcp,
        frame.Ipvs is null ? null : IpvsJson.Of(frame.Ipvs));
}
