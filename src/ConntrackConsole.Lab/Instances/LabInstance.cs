using System.Globalization;

namespace ConntrackConsole.Lab.Instances;

/// <summary>
/// One running lab's claim on an instance number: a locked file under /run/conntrack-lab. The kernel releases the lock
/// whenever the process ends, so the new owner of the lock also owns everything stale that contains the number.
/// </summary>
internal sealed class LabInstance : IDisposable
{
    private const string Directory = "/run/conntrack-lab";

    private readonly FileStream _lock;

    private LabInstance(int number, FileStream held)
    {
        Number = number;
        _lock = held;
    }

    public int Number { get; }

    /// <summary>Prefix of the names of this lab's namespaces.</summary>
    public string Prefix => $"{PrefixOf(Number)}{Environment.ProcessId}-";

    /// <summary>Removes what killed labs left behind, then claims the first free number.</summary>
    /// <exception cref="IOException">All numbers are in use, or /run cannot be written.</exception>
    public static LabInstance Claim(Action<string> print)
    {
        System.IO.Directory.CreateDirectory(Directory);
        LabInstance? mine = null;
        for (int number = 0; number < AddressPlan.Instances; number++)
        {
            // Beyond the first free number only those with a lock file can have stale objects.
            if ((mine is not null && !File.Exists(LockPath(number))) || TryLock(number) is not { } held)
                continue;
            RemoveDataDirectory(number);
            if (StaleNamespaces.Remove(PrefixOf(number)) is > 0 and var removed)
                print($"Removed {removed} stale namespaces of a lab that is no longer running.");
            if (mine is null)
            {
                held.SetLength(0);
                held.Write(System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n"));
                held.Flush();
                mine = new LabInstance(number, held);
            }
            else
            {
                Release(number, held);
            }
        }

        return mine ?? throw new IOException($"All {AddressPlan.Instances} lab numbers are in use: stop a lab first.");
    }

    /// <summary>
    /// Creates a directory for this lab, readable by its owner only, because it contains secrets. Its name contains the instance, so
    /// that the next lab can remove it if this one cannot.
    /// </summary>
    public string CreateDataDirectory() => System.IO.Directory.CreateTempSubdirectory(DataPrefix(Number)).FullName;

    /// <summary>Removes the data directory and releases the number.</summary>
    public void Dispose()
    {
        RemoveDataDirectory(Number);
        Release(Number, _lock);
    }

    private static string LockPath(int number) => Path.Combine(Directory, $"{number}.lock");

    private static string PrefixOf(int number) => $"cclab-{number}-";

    private static string DataPrefix(int number) => $"conntrack-lab-{number}-";

    private static void RemoveDataDirectory(int number)
    {
        foreach (string path in System.IO.Directory.EnumerateDirectories(Path.GetTempPath(), DataPrefix(number) + "*"))
            System.IO.Directory.Delete(path, recursive: true);
    }

    private static FileStream? TryLock(int number)
    {
        string path = LockPath(number);
        try
        {
            // FileShare.None is flock(LOCK_EX | LOCK_NB); the descriptor is closed on exec, so no child keeps the lock.
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            // The previous owner may have deleted the file between our open and our lock: then the locked file has no name.
            if (FileIdentity.Of($"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}") == FileIdentity.Of(path))
                return file;
            file.Dispose();
            return null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static void Release(int number, FileStream held)
    {
        File.Delete(LockPath(number)); // Still locked, so no other lab can have claimed it yet.
        held.Dispose();
    }
}
