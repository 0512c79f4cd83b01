using System.Diagnostics.CodeAnalysis;
using ConntrackConsole.Kernel.Netlink;
using Microsoft.Win32.SafeHandles;

namespace ConntrackConsole.Kernel.Resets;

/// <summary>
/// Access to tracefs: at the machine's mount point, else through a detached mount of our own, which changes nothing that
/// others can see (kernel documentation: Documentation/trace/ftrace.rst, fsmount(2)).
/// </summary>
internal sealed class Tracefs : IDisposable
{
    private const string DefaultPath = "/sys/kernel/tracing";

    // An automount of debugfs: merely accessing it mounts it visibly for all, so it is tried last.
    private const string DebugfsPath = "/sys/kernel/debug/tracing";

    private const Errno NoSuchSystemCall = (Errno)38; // ENOSYS

    private readonly SafeFileHandle? _mount;

    private Tracefs(string root, SafeFileHandle? mount)
    {
        Root = root;
        _mount = mount;
    }

    /// <summary>Path of the file system's root, valid in this process until disposed.</summary>
    public string Root { get; }

    /// <summary>True if the machine had it mounted, false for our own detached mount.</summary>
    public bool IsShared => _mount is null;

    /// <summary>Finds or mounts it.</summary>
    /// <param name="tracefs">Access to it, or null.</param>
    /// <param name="why">If there is no access: one sentence with the reason and what to do.</param>
    public static bool TryOpen([NotNullWhen(true)] out Tracefs? tracefs, [NotNullWhen(false)] out string? why) =>
        TryOpen(DefaultPath, KernelLockdown.Read, out tracefs, out why);

    /// <param name="mounted">Where the machine mounts it.</param>
    /// <param name="lockdown">The mode of kernel lockdown, or null.</param>
    /// <param name="tracefs">Access to it, or null.</param>
    /// <param name="why">If there is no access: one sentence with the reason and what to do.</param>
    internal static bool TryOpen(
        string mounted, Func<string?> lockdown, [NotNullWhen(true)] out Tracefs? tracefs, [NotNullWhen(false)] out string? why)
    {
        why = null;
        if (HasInstances(mounted))
        {
            tracefs = new Tracefs(mounted, null);
            return true;
        }

        // A locked-down kernel restricts tracing: only what the system mounted is used. The automount of debugfs would be a mount too.
        if (lockdown() is { } mode)
        {
            why = $"The kernel is locked down ({mode}), and tracefs is not mounted at {mounted}: under lockdown this program mounts none. Resets can be observed as packets.";
            tracefs = null;
            return false;
        }

        var mount = TraceNative.MountDetached("tracefs", out Errno errno);
        string root = mount.IsInvalid ? DebugfsPath : $"/proc/self/fd/{mount.DangerousGetHandle()}";
        if (!HasInstances(root))
        {
            why = mount.IsInvalid
                ? Explain(errno)
                : "This process may not create tracefs instances: run as root (kernel lockdown also forbids it).";
            mount.Dispose();
            tracefs = null;
            return false;
        }

        tracefs = new Tracefs(root, mount.IsInvalid ? null : mount);
        return true;
    }

    /// <summary>Ends the detached mount, if there is one.</summary>
    public void Dispose() => _mount?.Dispose();

    private static bool HasInstances(string root) => TraceNative.Access(root + "/instances", TraceNative.W_OK) == 0;

    private static string Explain(Errno errno) => errno switch
    {
        Errno.EPERM or Errno.EACCES =>
            "tracefs is not writable at /sys/kernel/tracing and mounting it is not permitted: run as root, and in a container mount the host's /sys/kernel/tracing or add CAP_SYS_ADMIN.",
        Errno.ENODEV => "This kernel has no tracefs (CONFIG_TRACING is off).",
        NoSuchSystemCall =>
            "tracefs is not mounted and this kernel cannot mount without a mount point (before Linux 5.2): mount tracefs at /sys/kernel/tracing.",
        _ => $"tracefs is not mounted and could not be mounted: {errno.Describe()}.",
    };
}
