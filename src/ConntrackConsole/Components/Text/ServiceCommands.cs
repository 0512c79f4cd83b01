using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.ShellText;

namespace ConntrackConsole.Components.Text;

/// <summary>Shell commands that show the same facts as the page of a Service.</summary>
internal static class ServiceCommands
{
    private const int MaxLines = 6;

    public static IEnumerable<string> For(ServiceInfo service)
    {
        ArgumentNullException.ThrowIfNull(service);
        var (space, name) = (service.Key.Namespace, service.Key.Name);
        IEnumerable<string?> cluster =
        [
            ShellWord.Line("kubectl", "-n", space, "get", "service", name, "-o", "wide"),
            ShellWord.Line("kubectl", "-n", space, "get", "endpointslices", "-l", $"kubernetes.io/service-name={name}", "-o", "wide"),
        ];
        var entries =
            from vip in ServiceIndex.Vips(service)
            from port in service.Ports
            select ConntrackLine.Of("-L", Protocols.Name(port.Proto), vip.ToString(), port.Port);
        return cluster.OfType<string>().Concat(entries.Take(MaxLines));
    }
}
