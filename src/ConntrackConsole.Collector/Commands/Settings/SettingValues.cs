using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using ConntrackConsole.Kernel.Ipvs;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Settings;

/// <summary>The settings as this node's kernel has them, whatever carries them. On a thread in the right network namespace.</summary>
/// <param name="sysctl">Where /proc/sys is.</param>
/// <param name="proc">Usually /proc.</param>
internal sealed class SettingValues(Sysctl sysctl, string proc = "/proc")
{
    /// <summary>Reads a value; false with the sentence why not.</summary>
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

    /// <summary>Writes a value; the sentence why not, or null.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="value">One that its kind allows, or an old one.</param>
    /// <param name="revertAfter">After this the kernel ends it by itself, where it can.</param>
    public string? Write(SettingKind kind, string value, TimeSpan revertAfter) => kind.Carrier switch
    {
        SettingCarrier.Sysctl => WriteSysctl(kind, value),
        SettingCarrier.Ipvs => WriteIpvs(kind, value),
        _ => FilterSetting.Write(value, revertAfter),
    };

    /// <summary>Why a setting may not be changed on this node, whatever to, or null.</summary>
    public Reason? Refuse(SettingKind kind) => kind.Carrier switch
    {
        SettingCarrier.Ipvs when !IpvsTimeouts.IsLoaded(proc) => new(SettingReasons.NotIpvs, "IPVS is not loaded on this node: kube-proxy does not run in ipvs mode, and there is nothing to change."),
        SettingCarrier.Filter => FilterSetting.Refuse(proc),
        _ => null,
    };

    /// <summary>What else to know before the click, or null.</summary>
    public string? Detail(SettingKind kind) => kind.Carrier == SettingCarrier.Filter ? FilterSetting.Detail(proc) : null;

    /// <summary>Entries that the table holds now; null where that cannot be read.</summary>
    public long? Entries => sysctl.TryRead(SysctlKey.Count, out long count) == SysctlFault.None ? count : null;

    /// <summary>The machine's memory in bytes; null where that cannot be read.</summary>
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
            return $"'{value}' is no number.";
        var fault = sysctl.TryWrite(key, number);
        return fault == SysctlFault.None ? null : Sysctl.Explain(fault, key);
    }

    private (string?, string?) ReadIpvs(SettingKind kind)
    {
        var fault = IpvsConfig.TryRead(out var timeouts, proc);
        return fault == IpvsFault.None ? (Text(Part(kind.Key, timeouts)), null) : (null, IpvsConfig.Explain(fault));
    }

    // The kernel takes all three at once: the others are written as they are.
    private string? WriteIpvs(SettingKind kind, string value)
    {
        if (!TryNumber(value, out long number) || number is < IpvsConfig.Shortest or > IpvsConfig.Longest)
            return $"IPVS takes no timeout of '{value}' seconds.";
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
