using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Components.Controls.Pods;

/// <summary>Details of the selected pod: name and termination as of the displayed range, entries as of now.</summary>
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
            // A termination is kept in memory for a limited time; the stored range still has it.
            var detail = own.Name is null && span.PodIp.Length > 0 ? facts(span.PodIp) : own;
            return detail with { Ip = span.PodIp, Name = $"{span.Namespace}/{span.Pod}", Node = span.Node, Termination = span, Phase = own.Phase };
        }

        return ip is null ? null : Named(facts(ip), view, ip);
    }

    // The owner of the address in the displayed range, if another pod owns it now.
    private static PodDetail Named(PodDetail detail, TimelineView view, string ip)
    {
        string? then = view.Services.SelectMany(lane => lane.Backends).FirstOrDefault(backend => backend.BackendIp == ip)?.Pod;
        if (then is null || then == detail.Name)
            return detail;
        var span = view.Terminations.LastOrDefault(end => end.PodIp == ip && $"{end.Namespace}/{end.Pod}" == then);
        return detail with { Name = then, Node = span?.Node, Phase = null, Termination = span };
    }
}
