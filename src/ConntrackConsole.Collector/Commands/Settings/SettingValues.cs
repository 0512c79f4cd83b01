using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using ConntrackConsole.Kernel.Ipvs;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Settings;

/// <summary>
/// Reads and writes settings of this node's kernel: sysctls, IPVS timeouts and the filter. Call it on a thread in the right
/// network namespace.
/// </summary>
/// <param name="sysctl">Access to /proc/sys.</param>
/// <param name="proc">Mount point of procfs.</param>
internal sealed class SettingValues(Sysctl sysctl, string proc = "/proc")
{
    /// <summary>Reads a value; false with an error message.</summary>
    public bool TryRead(SettingKind kind, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out string? why)
    {
        (value, why) = kind.Carrier switch
        {
            SettingCarrier.Sysctl => ReadSysctl(kind),
            SettingCarrier.Ipvs => ReadIpvs(kind),
            _ => FilterSetting.Read(),
        };
        return value is not null;
    }

    /// <summary>Writes a value. Returns an error message, or null.</summary>
    /// <param name="kind">Which setting.</param>
    /// <param name="value">A value that the setting allows, or a previous one.</param>
    /// <param name="revertAfter">Time after which the kernel ends it automatically, if it can.</param>
    public string? Write(SettingKind kind, string value, TimeSpan revertAfter) => kind.Carrier switch
    {
        SettingCarrier.Sysctl => WriteSysctl(kind, value),
        SettingCarrier.Ipvs => WriteIpvs(kind, value),
        _ => FilterSetting.Write(value, revertAfter),
    };

    /// <summary>Removes what an expired change left in the kernel. Returns what is worth a sentence, or null.</summary>
    public static string? RemoveExpired(SettingKind kind) => kind.Carrier == SettingCarrier.Filter && FilterSetting.RemoveExpired() is { } packets
        ? $"The filter expired after it had dropped {packets} INVALID packets; its table is removed." : null;

    /// <summary>Why a setting must not be changed to any value on this node, or null.</summary>
    public Reason? Refuse(SettingKind kind) => kind.Carrier switch
    {
        SettingCarrier.Ipvs when !IpvsTimeouts.IsLoaded(proc) => new(SettingReasons.NotIpvs, "IPVS is not loaded on this node: kube-proxy does not run in ipvs mode, and there is nothing to change."),
        SettingCarrier.Filter => FilterSetting.Refuse(proc),
        _ => null,
    };

    /// <summary>Additional information for the preview, or null.</summary>
    public string? Detail(SettingKind kind) => kind.Carrier == SettingCarrier.Filter ? FilterSetting.Detail(proc) : null;

    /// <summary>Entries in the table now; null if unreadable.</summary>
    public long? Entries => sysctl.TryRead(SysctlKey.Count, out long count) == SysctlFault.None ? count : null;

    /// <summary>The machine's memory in bytes; null if unreadable.</summary>
    public long? Memory => NodeMemory.TryRead(out var memory, proc) ? memory.TotalBytes : null;

    private (string?, string?) ReadSysctl(SettingKind kind)
    {
        if (!SysctlKey.TryParse(kind.Key, out var key))
            return (null, $"{kind.Key} is not known to this collector.");
        var fault = sysctl.TryRead(key, out long value);
        return fault == SysctlFault.None ? (Text(value), null) : (null, Sysctl.Explain(fault, key));
    }

    private string? WriteSysctl(SettingKind kind, string value)
    {
        if (!SysctlKey.TryParse(kind.Key, out var key))
            return $"{kind.Key} is not known to this collector.";
        if (!TryNumber(value, out long number))
            return $"'{value}' is not a number.";
        var fault = sysctl.TryWrite(key, number);
        return fault == SysctlFault.None ? null : Sysctl.Explain(fault, key);
    }

    private (string?, string?) ReadIpvs(SettingKind kind)
    {
        var fault = IpvsConfig.TryRead(out var timeouts, proc);
        return fault == IpvsFault.None ? (Text(Part(kind.Key, timeouts)), null) : (null, IpvsConfig.Explain(fault));
    }

    // The kernel sets all three at once: the others are written unchanged.
    private string? WriteIpvs(SettingKind kind, string value)
    {
        if (!TryNumber(value, out long number) || number is < IpvsConfig.MinTimeoutSeconds or > IpvsConfig.MaxTimeoutSeconds)
            return $"IPVS does not accept a timeout of '{value}' seconds.";
        var fault = IpvsConfig.TryRead(out var timeouts, proc);
        if (fault == IpvsFault.None)
            fault = IpvsConfig.TryWrite(With(kind.Key, timeouts, (int)number), proc);
        return fault == IpvsFault.None ? null : IpvsConfig.Explain(fault);
    }

    private static int Part(string key, IpvsTimeouts timeouts) => key switch
    {
        "ipvs.timeout_tcp" => timeouts.Tcp,
        "ipvs.timeout_tcpfin" => timeouts.TcpFin,
        _ => timeouts.Udp,
    };

    private static IpvsTimeouts With(string key, IpvsTimeouts timeouts, int value) => key switch
    {
        "ipvs.timeout_tcp" => timeouts with { Tcp = value },
        "ipvs.timeout_tcpfin" => timeouts with { TcpFin = value },
        _ => timeouts with { Udp = value },
    };

    private static bool TryNumber(string value, out long number) => long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
