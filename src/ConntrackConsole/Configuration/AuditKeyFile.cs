namespace ConntrackConsole.Configuration;

/// <summary>The file with the keys of the audit log: a line each, the newest first, the former ones behind it.</summary>
internal static class AuditKeyFile
{
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
    private const int MostBytes = 64 * 1024;

    public static IReadOnlyList<string> Read(string file, string dataDirectory, List<string> faults)
    {
        try
        {
            string real = Real(file);
            // Who takes the database must not have taken the key with it.
            if (real.StartsWith(Path.TrimEndingDirectorySeparator(Real(dataDirectory)) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            {
                faults.Add($"{Setting.AuditKeyFile} lies in the data directory, beside what it protects: move it, as with 'mv {file} /etc/conntrack-console.key', and set the new path.");
                return [];
            }

            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(real) & Others) != 0)
            {
                faults.Add($"{Setting.AuditKeyFile} can be read or written by others than its owner: run 'chmod 600 {file}'.");
                return [];
            }

            string[] keys = new FileInfo(real).Length > MostBytes ? []
                : File.ReadAllLines(real).Select(l => l.Trim()).Where(l => l.Length > 0).Distinct().ToArray();
            if (keys.Length == 0)
                faults.Add($"{Setting.AuditKeyFile} has no key in it: run 'openssl rand -hex 32 > {file}'.");
            return keys;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            faults.Add($"{Setting.AuditKeyFile}: {file} does not exist: run '(umask 077; openssl rand -hex 32 > {file})'.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.Add($"{Setting.AuditKeyFile}: {file} cannot be read: make this program's user its owner, with 'chown'.");
        }

        return [];
    }

    // A folder on the way may be a link as well.
    private static string Real(string path)
    {
        string? folder = Path.GetDirectoryName(path);
        if (folder is null)
            return path;
        string here = Path.Combine(Real(folder), Path.GetFileName(path));
        FileSystemInfo info = Directory.Exists(here) ? new DirectoryInfo(here) : new FileInfo(here);
        return info.ResolveLinkTarget(returnFinalTarget: true) is { } target ? Real(target.FullName) : here;
    }
}
