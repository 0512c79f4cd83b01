namespace ConntrackConsole.Kernel.Resets;

/// <summary>Whether the kernel restricts even root (Documentation: man 7 kernel_lockdown).</summary>
internal static class KernelLockdown
{
    /// <summary>The mode in force, integrity or confidentiality; null if none is, or if it cannot be read.</summary>
    /// <param name="file">Content such as "none [integrity] confidentiality", where the brackets mark the mode.</param>
    /// <param name="commandLine">The kernel's command line, for a container in which securityfs is not mounted.</param>
    public static string? ModeIn(string? file, string? commandLine)
    {
        int start = file?.IndexOf('[', StringComparison.Ordinal) ?? -1, end = file?.IndexOf(']', StringComparison.Ordinal) ?? -1;
        if (start >= 0 && end > start)
            return file![(start + 1)..end] is var mode and not "none" ? mode : null;
        string? parameter = commandLine?.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries).LastOrDefault(word => word.StartsWith("lockdown=", StringComparison.Ordinal));
        return parameter?["lockdown=".Length..] is { Length: > 0 } asked and not "none" ? asked : null;
    }

    /// <summary>As <see cref="ModeIn"/>, of the running kernel.</summary>
    public static string? Read() => ModeIn(TryRead("/sys/kernel/security/lockdown"), TryRead("/proc/cmdline"));

    private static string? TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
