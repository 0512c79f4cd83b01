
using ConntrackConsole.Lab.Instances;

namespace ConntrackConsole.Lab.Network;

/// <summary>Settings of the namespace that the present thread is in.</summary>
internal static class NamespaceSysctl
{
    /// <summary>Writes a value below /proc/sys, which shows each thread the settings of its own network namespace.</summary>
    /// <exception cref="InvalidOperationException">The thread is in the namespace that the lab was started from.</exception>
    public static void Set(string name, string value)
    {
        // The process's first thread never leaves the namespace that it was started in.
        if (FileIdentity.Of("/proc/thread-self/ns/net") == FileIdentity.Of("/proc/self/ns/net"))
            throw new InvalidOperationException($"Refused to write {name} in the machine's own network namespace.");
        File.WriteAllText(Path.Combine("/proc/sys", name), value);
    }

    /// <summary>As <see cref="Set"/>; nothing happens where this kernel has no such setting yet.</summary>
    public static void TrySet(string name, string value)
    {
        if (File.Exists(Path.Combine("/proc/sys", name)))
            Set(name, value);
    }
}
