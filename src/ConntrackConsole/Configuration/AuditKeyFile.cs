using ConntrackConsole.Configuration.Keys;

namespace ConntrackConsole.Configuration;

/// <summary>The file with the keys of the audit log: one per line, the newest first, the former ones below it.</summary>
internal static class AuditKeyFile
{
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
    private const int MaxBytes = 64 * 1024;

    /// <returns>The keys, or none and the reason.</returns>
    public static (IReadOnlyList<string> Keys, ConfigurationError? Error) Read(string file, string dataDirectory)
    {
        try
        {
            string resolved = Resolve(file);
            // A copy of the data directory must not contain the key.
            if (resolved.StartsWith(Path.TrimEndingDirectorySeparator(Resolve(dataDirectory)) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                return Error(ConfigurationErrorCodes.FileInDataDirectory, $" is in the data directory, with the database that it protects: move it, for example with 'mv {file} /etc/conntrack-console.key', and set the new path.");
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(resolved) & Others) != 0)
                return Error(ConfigurationErrorCodes.FileNotPrivate, $" can be read or written by users other than its owner: run 'chmod 600 {file}'.");
            string[] keys = new FileInfo(resolved).Length > MaxBytes ? []
                : File.ReadAllLines(resolved).Select(line => line.Trim()).Where(line => line.Length > 0).Distinct().ToArray();
            return keys.Length == 0 ? Error(ConfigurationErrorCodes.FileEmpty, $" contains no key: run 'openssl rand -hex 32 > {file}'.") : (keys, null);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Error(ConfigurationErrorCodes.FileMissing, $": {file} does not exist: run '(umask 077; openssl rand -hex 32 > {file})'.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Error(ConfigurationErrorCodes.FileUnreadable, $": {file} cannot be read: make this program's user its owner, with 'chown'.");
        }
    }

    private static (IReadOnlyList<string>, ConfigurationError?) Error(string code, string rest) =>
        ([], new ConfigurationError(code, ConfigurationKeys.AuditKeyFile, ConfigurationKeys.AuditKeyFile + rest));

    // A parent directory may be a link as well.
    private static string Resolve(string path)
    {
        string? directory = Path.GetDirectoryName(path);
        if (directory is null)
            return path;
        string here = Path.Combine(Resolve(directory), Path.GetFileName(path));
        FileSystemInfo info = Directory.Exists(here) ? new DirectoryInfo(here) : new FileInfo(here);
        return info.ResolveLinkTarget(returnFinalTarget: true) is { } target ? Resolve(target.FullName) : here;
    }
}
