using System.Runtime.InteropServices;

namespace ConntrackConsole.Lab.Instances;

/// <summary>Device and inode: equal for two paths to the same namespace.</summary>
internal readonly partial record struct FileIdentity(ulong Device, ulong Inode)
{
    /// <summary>Null if the file does not exist or cannot be read.</summary>
    public static unsafe FileIdentity? Of(string path)
    {
        // struct stat begins with st_dev and st_ino, 64 bits each, on every 64-bit Linux; it fits into 256 bytes everywhere.
        byte* buffer = stackalloc byte[256];
        return Stat(path, buffer) == 0 ? new FileIdentity(*(ulong*)buffer, *(ulong*)(buffer + 8)) : null;
    }

    [LibraryImport("libc", EntryPoint = "stat", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Stat(string path, byte* buffer);
}
