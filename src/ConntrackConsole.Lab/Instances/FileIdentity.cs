using System.Runtime.InteropServices;

namespace ConntrackConsole.Lab.Instances;

/// <summary>Device and inode: two paths to the same namespace have the same ones.</summary>
internal readonly partial record struct FileIdentity(ulong Device, ulong Inode)
{
    /// <summary>Null where the file is not there or may not be read.</summary>
    public static unsafe FileIdentity? Of(string path)
    {
        // struct stat begins with st_dev and st_ino, 64 bit each, on every 64-bit Linux; 256 bytes hold it everywhere.
        byte* buffer = stackalloc byte[256];
        return Stat(path, buffer) == 0 ? new FileIdentity(*(ulong*)buffer, *(ulong*)(buffer + 8)) : null;
    }

    [LibraryImport("libc", EntryPoint = "stat", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Stat(string path, byte* buffer);
}
