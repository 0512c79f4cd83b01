using System.Globalization;

namespace ConntrackConsole.Kernel.Proc;

/// <summary>The Linux capabilities used here, with the kernel's bit numbers (linux/capability.h).</summary>
internal enum LinuxCapability
{
    /// <summary>Read conntrack's table and events, delete entries, write net sysctls.</summary>
    NetAdmin = 12,
    /// <summary>Packet sockets.</summary>
    NetRaw = 13,
    /// <summary>Mount, enter namespaces.</summary>
    SysAdmin = 21,
    /// <summary>perf_event_open (5.8).</summary>
    Perfmon = 38,
    /// <summary>Load BPF programs (5.8).</summary>
    Bpf = 39,
}

/// <summary>The effective capabilities of a process.</summary>
/// <param name="Bits">CapEff of /proc/PID/status.</param>
internal readonly record struct CapabilitySet(ulong Bits)
{
    /// <summary>True if the capability is effective.</summary>
    public bool Has(LinuxCapability capability) => (Bits & (1UL << (int)capability)) != 0;

    /// <summary>Those of this process; none without /proc.</summary>
    /// <param name="root">Normally /proc.</param>
    public static CapabilitySet OfThisProcess(string root = "/proc")
    {
        try
        {
            return TryParse(File.ReadAllText(root + "/self/status"), out var set) ? set : default;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }

    /// <summary>Parses CapEff from the text of a status file.</summary>
    public static bool TryParse(ReadOnlySpan<char> status, out CapabilitySet set)
    {
        set = default;
        foreach (var line in status.EnumerateLines())
        {
            if (!line.StartsWith("CapEff:"))
                continue;
            if (!ulong.TryParse(line[7..].Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong bits))
                return false;
            set = new CapabilitySet(bits);
            return true;
        }

        return false;
    }

    /// <summary>The kernel's name, such as CAP_NET_ADMIN.</summary>
    public static string NameOf(LinuxCapability capability) => capability switch
    {
        LinuxCapability.NetAdmin => "CAP_NET_ADMIN",
        LinuxCapability.NetRaw => "CAP_NET_RAW",
        LinuxCapability.SysAdmin => "CAP_SYS_ADMIN",
        LinuxCapability.Perfmon => "CAP_PERFMON",
        LinuxCapability.Bpf => "CAP_BPF",
        _ => $"capability {(int)capability}",
    };
}
