namespace ConntrackConsole.Wire;

/// <summary>A changed sysctl value.</summary>
/// <param name="AtMs">When it was noticed, milliseconds of Unix time.</param>
/// <param name="Name">Long name, such as net.netfilter.nf_conntrack_tcp_be_liberal.</param>
/// <param name="Before">The previous value; empty if it was absent.</param>
/// <param name="After">The current value; empty if it is absent.</param>
public readonly record struct SettingChange(long AtMs, string Name, string Before, string After);
