using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Namespaces;

/// <summary>System calls for network namespaces.</summary>
internal static partial class NamespaceCalls
{
    public const int CLONE_NEWNET = 0x40000000;
    public const int CLONE_NEWNS = 0x20000;
    public const ulong MS_BIND = 1 << 12;
    public const ulong MS_REC = 1 << 14;
    public const ulong MS_PRIVATE = 1 << 18;
    public const ulong MS_SHARED = 1 << 20;
    public const int MNT_DETACH = 2;
    public const int LOCK_EX = 2;
    public const int LOCK_UN = 8;

    // O_DIRECTORY has another value on arm64; a directory opens read-only without it.
    public const int O_RDONLY_CLOEXEC = 0x80000;

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    public static partial int Unshare(int flags);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    public static partial int SetNs(SafeHandle fd, int kind);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Mount(string source, string target, string fileSystem, ulong flags, nint data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unmount(string target, int flags);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    public static partial int Flock(SafeHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int UnlinkAt(SafeHandle directory, string name, int flags);

    public static IOException Failed(string what)
    {
        var errno = (Errno)Marshal.GetLastPInvokeError();
        string hint = errno == Errno.EPERM ? " Root is required (CAP_SYS_ADMIN and CAP_NET_ADMIN)." : "";
        return new IOException($"Cannot {what}: {errno.Describe()}.{hint}");
    }
}
