using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Components.Text;

/// <summary>Shell commands that show the same facts as the panel.</summary>
internal static class PodCommands
{
    public static IEnumerable<string> For(PodDetail pod)
    {
        // The reply source: an entry of a Service flow has the pod's address nowhere else.
        if (pod.Ip.Length > 0)
            yield return pod.Ip.Contains(':', StringComparison.Ordinal) ? $"conntrack -L -f ipv6 -r {pod.Ip}" : $"conntrack -L -r {pod.Ip}";
        if (pod.Name?.Split('/') is [var space, var name] && pod.Phase is not null)
            yield return $"kubectl -n {space} get pod {name} -o wide";
        else if (pod.Name?.Split('/') is [var gone, var old])
            yield return $"kubectl -n {gone} get events --field-selector involvedObject.name={old}";
    }
}
