using System.Diagnostics.CodeAnalysis;
using ConntrackConsole.Kernel.Proc;

namespace ConntrackConsole.Collector.Commands;

/// <summary>The current conntrack settings of a node that determine the effect of a flush.</summary>
/// <param name="TcpLoose">False: after its entry is deleted, a flow is never picked up again and its client hangs.</param>
/// <param name="UnacknowledgedSeconds">The timeout of an entry while its segments are unacknowledged.</param>
internal sealed record NodeSettings(bool TcpLoose, uint UnacknowledgedSeconds)
{
    public static bool TryRead(Sysctl sysctl, [NotNullWhen(true)] out NodeSettings? settings, [NotNullWhen(false)] out string? why)
    {
        string? noLoose = Read(sysctl, SysctlKey.TcpLoose, out long loose);
        string? noTimeout = Read(sysctl, SysctlKey.TcpTimeoutUnacknowledged, out long unacknowledged);
        why = noLoose ?? noTimeout;
        settings = why is null ? new NodeSettings(loose != 0, (uint)unacknowledged) : null;
        return settings is not null;
    }

    private static string? Read(Sysctl sysctl, SysctlKey key, out long value)
    {
        var fault = sysctl.TryRead(key, out value);
        return fault == SysctlFault.None ? null : Sysctl.Explain(fault, key);
    }
}
