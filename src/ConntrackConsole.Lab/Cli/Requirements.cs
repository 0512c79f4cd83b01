using System.Globalization;

namespace ConntrackConsole.Lab.Cli;

/// <summary>What the lab requires to run.</summary>
internal static class Requirements
{
    private static readonly (string Name, int Bit)[] Capabilities = [("CAP_NET_ADMIN", 12), ("CAP_NET_RAW", 13), ("CAP_SYS_ADMIN", 21)];

    /// <summary>Describes the missing requirement and what to do; null if all are met.</summary>
    public static string? Missing() =>
        OperatingSystem.IsLinux()
            ? Missing(EffectiveCapabilities(File.ReadLines("/proc/self/status")))
            : "The lab requires Linux (network namespaces and conntrack): run it on a Linux machine or in a virtual machine.";

    internal static string? Missing(ulong effective)
    {
        var missing = Capabilities.Where(capability => (effective & (1UL << capability.Bit)) == 0).Select(capability => capability.Name).ToList();
        return missing.Count == 0
            ? null
            : $"The lab requires root to create network namespaces ({string.Join(", ", missing)} missing): run it as root, for example with sudo.";
    }

    internal static ulong EffectiveCapabilities(IEnumerable<string> status) =>
        status.Where(line => line.StartsWith("CapEff:", StringComparison.Ordinal))
            .Select(line => ulong.TryParse(line.AsSpan(7).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong bits) ? bits : 0)
            .FirstOrDefault();
}
