namespace ConntrackConsole.Kernel.Proc;

/// <summary>The running kernel and its current boot.</summary>
/// <param name="Release">Such as 6.18.44; "" if unknown.</param>
/// <param name="BootId">Changes at every boot; "" if unknown.</param>
internal sealed record RunningKernel(string Release, string BootId)
{
    /// <summary>Reads /proc/sys/kernel/osrelease and random/boot_id.</summary>
    /// <param name="root">Normally /proc/sys.</param>
    public static RunningKernel Read(string root = "/proc/sys") =>
        new(TryRead(root + "/kernel/osrelease"), TryRead(root + "/kernel/random/boot_id"));

    private static string TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
