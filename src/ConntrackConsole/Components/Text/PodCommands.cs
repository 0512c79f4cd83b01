using ConntrackConsole.ShellText;
using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Components.Text;

/// <summary>Shell commands that show the same facts as the panel.</summary>
internal static class PodCommands
{
    public static IEnumerable<string> For(PodDetail pod)
    {
        if (pod.Ip.Length > 0)
            yield return ConntrackLine.Of("-L", backend: pod.Ip);
        if (pod.Name?.Split('/') is [var space, var name] && pod.Phase is not null)
        {
            if (ShellWord.Line("kubectl", "-n", space, "get", "pod", name, "-o", "wide") is { } get)
                yield return get;
        }
        else if (pod.Name?.Split('/') is [var gone, var old] && ShellWord.Line("kubectl", "-n", gone, "get", "events", "--field-selector", $"involvedObject.name={old}") is { } events)
        {
            yield return events;
        }
    }
}
