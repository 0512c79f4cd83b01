using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Components.Controls.Pods;

/// <summary>What the panel shows of a chosen pod: its name and its end as of the range on the screen, its entries as they are now.</summary>
internal static class PodSelection
{
    public static PodDetail? Of(string? ip, string? uid, TimelineView view, Func<string, PodDetail> facts)
    {
        var span = uid is null ? null : view.Terminations.FirstOrDefault(end => end.Uid == uid);
        if (uid is not null)
        {
            var own = facts(uid);
            span ??= own.Termination;
            if (span is null)
                return own.Name is not null || ip is null ? own : Named(facts(ip), view, ip);
            // The console forgets an end after a while; the stored range still tells it.
            var told = own.Name is null && span.PodIp.Length > 0 ? facts(span.PodIp) : own;
            return told with { Ip = span.PodIp, Name = $"{span.Namespace}/{span.Pod}", Node = span.Node, Termination = span, Phase = own.Phase };
        }

        return ip is null ? null : Named(facts(ip), view, ip);
    }

    // Who had the address in the range on the screen, where somebody else has it now.
    private static PodDetail Named(PodDetail detail, TimelineView view, string ip)
    {
        string? then = view.Services.SelectMany(lane => lane.Backends).FirstOrDefault(backend => backend.BackendIp == ip)?.Pod;
        if (then is null || then == detail.Name)
            return detail;
        var span = view.Terminations.LastOrDefault(end => end.PodIp == ip && $"{end.Namespace}/{end.Pod}" == then);
        return detail with { Name = then, Node = span?.Node, Phase = null, Termination = span };
    }
}
