using System.Globalization;

namespace ConntrackConsole.Lab.Instances;

/// <summary>
/// One running lab's claim on an instance number: a locked file under /run/conntrack-lab. The kernel lets the lock go
/// when the process ends, however it ends, so whoever gets it owns every leftover that carries the number.
/// </summary>
internal sealed class LabInstance : IDisposable
{
    private const string Directory = "/run/conntrack-lab";

    private readonly FileStream _lock;

    private LabInstance(int number, FileStream held)
    {
        Number = number;
        _lock = held;
        Addresses = new AddressPlan(number);
    }

    public int Number { get; }

    public AddressPlan Addresses { get; }

    /// <summary>What the names of this lab's namespaces begin with.</summary>
    public string Prefix => $"{PrefixOf(Number)}{Environment.ProcessId}-";

    /// <summary>Removes what dead labs left, then takes the first free number.</summary>
    /// <exception cref="IOException">All numbers are taken, or /run cannot be written.</exception>
    public static LabInstance Claim(Action<string> say)
    {
        System.IO.Directory.CreateDirectory(Directory);
        LabInstance? mine = null;
        for (int number = 0; number < AddressPlan.Instances; number++)
        {
            // Beyond the first free number only files that exist can have leftovers behind them.
            if ((mine is not null && !File.Exists(LockPath(number))) || TryLock(number) is not { } held)
                continue;
            RemoveDataDirectory(number);
            if (LeftoverNamespaces.Remove(PrefixOf(number)) is > 0 and var removed)
                say($"Removed {removed} namespaces that a lab left behind that is no longer running.");
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

        return mine ?? throw new IOException($"All {AddressPlan.Instances} lab numbers are taken: stop a lab first.");
    }

    /// <summary>
    /// Makes a directory for this lab alone, readable by its owner only: secrets live there. Its name is the instance's, so
    /// that the next lab can remove it where this one cannot.
    /// </summary>
    public string CreateDataDirectory() => System.IO.Directory.CreateTempSubdirectory(DataPrefix(Number)).FullName;

    /// <summary>Removes the data directory and gives the number back.</summary>
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
            // FileShare.None is flock(LOCK_EX | LOCK_NB); the descriptor is closed on exec, so no child holds it on.
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            // The owner before us may have removed the file between our open and our lock: then we hold a nameless one.
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
        File.Delete(LockPath(number)); // While it is still locked: nobody can have claimed it yet.
        held.Dispose();
    }
}
