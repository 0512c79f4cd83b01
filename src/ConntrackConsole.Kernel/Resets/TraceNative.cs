using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Netlink;
using Microsoft.Win32.SafeHandles;

namespace ConntrackConsole.Kernel.Resets;

/// <summary>System calls for tracefs: mount without a mount point, and raw reads.</summary>
internal static partial class TraceNative
{
    public static Errno LastError => (Errno)Marshal.GetLastPInvokeError();

    public const int O_RDONLY = 0;
    public const int O_NONBLOCK = 0x800;
    public const int O_CLOEXEC = 0x80000;

    public const int W_OK = 2;

    // The same numbers on every architecture: added after the tables were unified at 424.
    private const long SysFsopen = 430;
    private const long SysFsconfig = 431;
    private const long SysFsmount = 432;

    private const int FsconfigCmdCreate = 6;
    private const int NoSuidNoDevNoExec = 2 | 4 | 8;

    /// <summary>
    /// fsopen + fsconfig(CREATE) + fsmount: a mount that is reachable only through its descriptor. No path of the machine
    /// shows it, and it ends with the descriptor. Needs CAP_SYS_ADMIN in the first user namespace and Linux 5.2.
    /// </summary>
    /// <returns>The handle, or an invalid one with <paramref name="errno"/>.</returns>
    public static SafeFileHandle MountDetached(string filesystem, out Errno errno)
    {
        errno = Errno.Ok;
        byte[] name = System.Text.Encoding.UTF8.GetBytes(filesystem + '\0');
        nint context;
        unsafe
        {
            fixed (byte* at = name)
                context = Syscall(SysFsopen, (nint)at, 1 /* FSOPEN_CLOEXEC */, 0, 0, 0);
        }

        if (context < 0)
        {
            errno = LastError;
            return new SafeFileHandle();
        }

        using var closing = new SafeFileHandle(context, ownsHandle: true);
        nint mount = -1;
        if (Syscall(SysFsconfig, context, FsconfigCmdCreate, 0, 0, 0) >= 0)
            mount = Syscall(SysFsmount, context, 1 /* FSMOUNT_CLOEXEC */, NoSuidNoDevNoExec, 0, 0);
        if (mount < 0)
            errno = LastError;
        return new SafeFileHandle(mount, ownsHandle: true);
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Syscall(long number, nint a, nint b, nint c, nint d, nint e);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFd(string path, int flags, int mode);

    /// <summary>open(2): unlike File.OpenHandle it opens directories and keeps O_NONBLOCK.</summary>
    public static SafeFileHandle Open(string path, int flags) => new(OpenFd(path, flags | O_CLOEXEC, 0), ownsHandle: true);

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Access(string path, int mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    public static partial int Flock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MakeDirectory(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "rmdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int RemoveDirectory(string path);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static unsafe partial nint ReadFd(SafeFileHandle file, byte* buffer, nuint count);

    /// <summary>read(2); -1 and <see cref="LastError"/> on failure.</summary>
    public static unsafe int Read(SafeFileHandle file, Span<byte> buffer)
    {
        fixed (byte* at = buffer)
            return (int)ReadFd(file, at, (nuint)buffer.Length);
    }

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventFd(uint initial, int flags);

    public static SafeFileHandle OpenEvent() => new(EventFd(0, O_NONBLOCK | O_CLOEXEC), ownsHandle: true);

    [LibraryImport("libc", EntryPoint = "eventfd_write", SetLastError = true)]
    public static partial int SignalEvent(SafeFileHandle handle, ulong value);
}
