namespace ConntrackConsole.Wire;

/// <summary>A sysctl that has another value than before.</summary>
/// <param name="AtMs">When it was noticed, milliseconds of Unix time.</param>
/// <param name="Name">Long name, such as net.netfilter.nf_conntrack_tcp_be_liberal.</param>
/// <param name="Before">The value before; empty where it was absent.</param>
/// <param name="After">The value now; empty where it is absent.</param>
public readonly record struct SettingChange(long AtMs, string Name, string Before, string After);
