using System.Runtime.InteropServices;

namespace ConntrackConsole.Kernel.Netlink;

/// <summary>The Linux error numbers (asm-generic/errno.h) that this library distinguishes.</summary>
internal enum Errno
{
    /// <summary>No error.</summary>
    Ok = 0,
    /// <summary>Operation not permitted: a capability is missing.</summary>
    EPERM = 1,
    /// <summary>No such entry.</summary>
    ENOENT = 2,
    /// <summary>No such process: rtnetlink reports it for "no such route".</summary>
    ESRCH = 3,
    /// <summary>Interrupted by a signal.</summary>
    EINTR = 4,
    /// <summary>Nothing to read now.</summary>
    EAGAIN = 11,
    /// <summary>Permission denied.</summary>
    EACCES = 13,
    /// <summary>Busy.</summary>
    EBUSY = 16,
    /// <summary>Already exists.</summary>
    EEXIST = 17,
    /// <summary>No such device.</summary>
    ENODEV = 19,
    /// <summary>A malformed request.</summary>
    EINVAL = 22,
    /// <summary>Read-only file system.</summary>
    EROFS = 30,
    /// <summary>Numerical result out of range.</summary>
    ERANGE = 34,
    /// <summary>Not supported by this kernel.</summary>
    EOPNOTSUPP = 95,
    /// <summary>The interface went down.</summary>
    ENETDOWN = 100,
    /// <summary>Network unreachable.</summary>
    ENETUNREACH = 101,
    /// <summary>The socket's queue was full: messages were lost.</summary>
    ENOBUFS = 105,
    /// <summary>Host unreachable.</summary>
    EHOSTUNREACH = 113,
}

/// <summary>Texts for <see cref="Errno"/>.</summary>
internal static class ErrnoText
{
    /// <summary>Such as "ENOENT (No such file or directory)".</summary>
    public static string Describe(this Errno errno)
    {
        string text = Marshal.GetPInvokeErrorMessage((int)errno);
        return Enum.IsDefined(errno) ? $"{errno} ({text})" : $"error {(int)errno} ({text})";
    }
}

/// <summary>The kernel refused a netlink request, or its reply is malformed.</summary>
/// <param name="errno">The kernel's error; <see cref="Errno.Ok"/> if the reply itself was malformed.</param>
/// <param name="message">One sentence.</param>
internal sealed class NetlinkException(Errno errno, string message) : Exception(message)
{
    /// <summary>The kernel's error number.</summary>
    public Errno Errno { get; } = errno;
}
