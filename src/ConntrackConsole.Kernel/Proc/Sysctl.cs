using System.Buffers.Text;
using System.Globalization;
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Proc;

/// <summary>Why a sysctl could not be read or written.</summary>
internal enum SysctlFault
{
    /// <summary>No error.</summary>
    None,
    /// <summary>This kernel does not have it, or conntrack is not loaded.</summary>
    Absent,
    /// <summary>The file or the mount of /proc/sys is read-only: common in containers, and for some keys outside the initial namespace.</summary>
    ReadOnly,
    /// <summary>A capability is missing.</summary>
    NoPermission,
    /// <summary>The value is outside the key's range, or the kernel rejected it as such.</summary>
    OutOfRange,
    /// <summary>The file does not contain one number.</summary>
    Malformed,
    /// <summary>Any other error of the kernel.</summary>
    Failed,
}

/// <summary>
/// conntrack's sysctls in the network namespace of the calling thread: the kernel resolves /proc/sys/net by the thread that opens
/// the file, so calls must be made on a thread in the right namespace, and nothing here is asynchronous.
/// </summary>
/// <param name="path">Null: <see cref="Root"/>.</param>
internal sealed class Sysctl(string? path = null)
{
    /// <summary>Names another path than /proc/sys, where a container has the host's mounted: runtimes mount a container's own read-only.</summary>
    public const string RootVariable = "CONNTRACK_PROC_SYS";

    private readonly string _root = path ?? Root;

    /// <summary>Where this process finds the sysctls that it reads and changes.</summary>
    public static string Root { get; } = RootOf(Environment.GetEnvironmentVariable(RootVariable));

    /// <summary>The root for a value of <see cref="RootVariable"/>: an absolute path, else /proc/sys.</summary>
    public static string RootOf(string? value) => value?.Trim() is { Length: > 0 } path && Path.IsPathRooted(path) ? path.TrimEnd('/') : "/proc/sys";

    /// <summary>Reads a value.</summary>
    public SysctlFault TryRead(SysctlKey key, out long value)
    {
        ArgumentNullException.ThrowIfNull(key);
        value = 0;
        try
        {
            return TryParse(File.ReadAllBytes(PathOf(key)), out value) ? SysctlFault.None : SysctlFault.Malformed;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return FaultOf(error, PathOf(key));
        }
    }

    /// <summary>The key's file, to be read repeatedly by one thread.</summary>
    public ProcFile FileOf(SysctlKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new ProcFile(PathOf(key));
    }

    /// <summary>Reads a value from a file of <see cref="FileOf"/>.</summary>
    public static SysctlFault TryRead(ProcFile file, out long value)
    {
        ArgumentNullException.ThrowIfNull(file);
        value = 0;
        try
        {
            return !file.TryRead(out var content) ? SysctlFault.Absent : TryParse(content, out value) ? SysctlFault.None : SysctlFault.Malformed;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return FaultOf(error, file.Path);
        }
    }

    /// <summary>Writes a value within the key's range.</summary>
    public SysctlFault TryWrite(SysctlKey key, long value)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!key.IsWritable)
            return SysctlFault.ReadOnly;
        if (value < key.Minimum || value > key.Maximum)
            return SysctlFault.OutOfRange;
        try
        {
            // Open, never create; and one write(2), because the kernel accepts a number from a single call only.
            using var file = File.OpenHandle(PathOf(key), FileMode.Open, FileAccess.Write);
            RandomAccess.Write(file, System.Text.Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture)), 0);
            return SysctlFault.None;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return FaultOf(error, PathOf(key));
        }
    }

    /// <summary>All values that can be read, by long name; keys that this kernel lacks are absent.</summary>
    public IReadOnlyDictionary<string, string> ReadAll()
    {
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var key in SysctlKey.All)
        {
            if (TryRead(key, out long value) == SysctlFault.None)
                values[key.Name] = value.ToString(CultureInfo.InvariantCulture);
        }

        return values;
    }

    /// <summary>The message for a fault, with what to do.</summary>
    public static string Explain(SysctlFault fault, SysctlKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return fault switch
        {
            SysctlFault.None => $"{key} was read or written.",
            SysctlFault.Absent => $"{key} does not exist here: this kernel lacks it, or the module nf_conntrack is not loaded.",
            SysctlFault.ReadOnly when !key.IsWritable => $"{key} is read-only.",
            SysctlFault.ReadOnly =>
                $"{key} is read-only here: in a container mount the host's /proc/sys/net writable; some keys can be written only in the initial network namespace.",
            SysctlFault.NoPermission => $"{key} cannot be read or written: CAP_NET_ADMIN is missing.",
            SysctlFault.OutOfRange => $"{key} must be from {key.Minimum} to {key.Maximum}.",
            SysctlFault.Malformed => $"{key} does not contain a number.",
            _ => $"{key} could not be read or written.",
        };
    }

    /// <summary>Parses the content of a sysctl file: one number and a line end.</summary>
    public static bool TryParse(ReadOnlySpan<byte> content, out long value)
    {
        content = content.Trim(" \t\n"u8);
        return Utf8Parser.TryParse(content, out value, out int used) && used == content.Length && used > 0;
    }

    private string PathOf(SysctlKey key) => $"{_root}/net/netfilter/{key.ShortName}";

    // The base class library maps EACCES to UnauthorizedAccessException, with the errno in the inner HResult, and
    // leaves EPERM and the rest in the HResult of a plain IOException.
    private static SysctlFault FaultOf(Exception error, string path)
    {
        int errno = error is UnauthorizedAccessException ? error.InnerException?.HResult ?? (int)Errno.EACCES : error.HResult;
        return error switch
        {
            FileNotFoundException or DirectoryNotFoundException => SysctlFault.Absent,
            _ => (Errno)errno switch
            {
                Errno.EROFS => SysctlFault.ReadOnly,
                // Outside the initial namespace the kernel removes the write bit from some files, for _root too.
                Errno.EACCES when !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & UnixFileMode.UserWrite) == 0 => SysctlFault.ReadOnly,
                Errno.EACCES or Errno.EPERM => SysctlFault.NoPermission,
                Errno.EINVAL or Errno.ERANGE => SysctlFault.OutOfRange,
                _ => SysctlFault.Failed,
            },
        };
    }
}
