using ConntrackConsole.Lab.Instances;

namespace ConntrackConsole.Lab.Network;

/// <summary>Sysctls of the current thread's network namespace.</summary>
internal static class NamespaceSysctl
{
    /// <summary>Writes a value below /proc/sys, which shows each thread the sysctls of its own network namespace.</summary>
    /// <exception cref="InvalidOperationException">The thread is in the namespace in which the lab was started.</exception>
    public static void Set(string name, string value)
    {
        // The process's first thread never leaves its original namespace.
        if (FileIdentity.Of("/proc/thread-self/ns/net") == FileIdentity.Of("/proc/self/ns/net"))
            throw new InvalidOperationException($"Refused to write {name} in the machine's own network namespace.");
        File.WriteAllText(Path.Combine("/proc/sys", name), value);
    }

    /// <summary>As <see cref="Set"/>; no effect if this kernel does not have the sysctl yet.</summary>
    public static void TrySet(string name, string value)
    {
        if (File.Exists(Path.Combine("/proc/sys", name)))
            Set(name, value);
    }
}
