using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Netlink;
using Microsoft.Win32.SafeHandles;

namespace ConntrackConsole.Kernel.Namespaces;

/// <summary>
/// The directory of named network namespaces, maintained as by ip-netns(8): a shared mount of its own, so that the unmount of a
/// name propagates to every mount namespace that has a copy of it.
/// </summary>
internal static class NamespaceDirectory
{
    // More layers than any race of concurrently mounting programs creates.
    private const int MaxLayers = 64;

    /// <summary>
    /// Creates the directory and makes it a shared mount, on itself if it is not a mount yet. This must happen before the first
    /// name is created: iproute2 does the same at its first `ip netns add`, recursively, and a name that exists by then is mounted
    /// twice, once below the new mount, where no path reaches it.
    /// </summary>
    /// <exception cref="IOException">Root privileges are missing.</exception>
    public static void Prepare(string path)
    {
        Directory.CreateDirectory(path);
        // Two programs that find no mount at the same time would each add one. iproute2 (since 6.3) takes the same lock.
        using var directory = Open(path);
        bool locked = !directory.IsInvalid && NamespaceCalls.Flock(directory, NamespaceCalls.LOCK_EX) == 0;
        try
        {
            bool bound = false;
            while (NamespaceCalls.Mount("", path, "none", NamespaceCalls.MS_SHARED | NamespaceCalls.MS_REC, 0) < 0)
            {
                if (bound || Marshal.GetLastPInvokeError() != (int)Errno.EINVAL)
                    throw NamespaceCalls.Failed($"make {path} a shared mount");
                if (NamespaceCalls.Mount(path, path, "none", NamespaceCalls.MS_BIND | NamespaceCalls.MS_REC, 0) < 0)
                    throw NamespaceCalls.Failed($"mount {path} on itself");
                bound = true;
            }
        }
        finally
        {
            if (locked)
                _ = NamespaceCalls.Flock(directory, NamespaceCalls.LOCK_UN);
        }
    }

    /// <summary>Removes a name with all its mounts, including one covered by a later mount of the directory. An unknown name is no error.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    public static void Remove(string directory, string name)
    {
        string path = Path.Combine(directory, name);
        if (!File.Exists(path))
            return;
        using var inside = Open(directory);
        UnmountAll(path);
        var error = Unlink(inside, name);
        if (error == Errno.EBUSY)
            error = RemoveCovered(inside, directory, name);
        if (error is not (Errno.Ok or Errno.ENOENT))
            throw new IOException($"Cannot remove {path}: {error.Describe()}.");
    }

    // The name is mounted a second time below the mount that covers the directory, out of reach of any path. A mount namespace of
    // this one thread can drop all its mounts without harm, and unlinking a file that is not a mount point in the own namespace
    // unmounts it in every other one (Linux 3.18). The file is addressed by the directory's descriptor, so it stays the same file.
    private static Errno RemoveCovered(SafeFileHandle inside, string directory, string name)
    {
        var result = Errno.EBUSY;
        var thread = new Thread(() => result = Remove()) { Name = "remove " + name };
        thread.Start();
        thread.Join();
        return result;

        Errno Remove()
        {
            // Private: what is unmounted here stays mounted in other namespaces.
            if (NamespaceCalls.Unshare(NamespaceCalls.CLONE_NEWNS) < 0
                || NamespaceCalls.Mount("none", "/", "none", NamespaceCalls.MS_PRIVATE | NamespaceCalls.MS_REC, 0) < 0)
            {
                return (Errno)Marshal.GetLastPInvokeError();
            }

            string path = Path.Combine(directory, name);
            var error = Errno.EBUSY;
            for (int layer = 0; layer < MaxLayers && error == Errno.EBUSY; layer++)
            {
                UnmountAll(path);
                error = Unlink(inside, name);
                if (error == Errno.EBUSY && NamespaceCalls.Unmount(directory, NamespaceCalls.MNT_DETACH) < 0)
                    break;
            }

            return error;
        }
    }

    // EINVAL: not mounted (any more).
    private static void UnmountAll(string path)
    {
        for (int layer = 0; layer < MaxLayers && NamespaceCalls.Unmount(path, NamespaceCalls.MNT_DETACH) == 0; layer++)
        {
        }
    }

    private static Errno Unlink(SafeFileHandle directory, string name) =>
        NamespaceCalls.UnlinkAt(directory, name, 0) == 0 ? Errno.Ok : (Errno)Marshal.GetLastPInvokeError();

    private static SafeFileHandle Open(string path) =>
        new(NamespaceCalls.Open(path, NamespaceCalls.O_RDONLY_CLOEXEC), ownsHandle: true);
}
