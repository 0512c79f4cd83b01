using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Namespaces;

/// <summary>The calls of libc behind network namespaces.</summary>
internal static partial class NamespaceCalls
{
    public const int CLONE_NEWNET = 0x40000000;
    public const ulong MS_BIND = 4096;
    public const int MNT_DETACH = 2;

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    public static partial int Unshare(int flags);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    public static partial int SetNs(SafeHandle fd, int kind);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Mount(string source, string target, string fileSystem, ulong flags, nint data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unmount(string target, int flags);

    public static IOException Failed(string what)
    {
        var errno = (Errno)Marshal.GetLastPInvokeError();
        string hint = errno == Errno.EPERM ? " It needs root (CAP_SYS_ADMIN and CAP_NET_ADMIN)." : "";
        return new IOException($"Cannot {what}: {errno.Describe()}.{hint}");
    }
}
