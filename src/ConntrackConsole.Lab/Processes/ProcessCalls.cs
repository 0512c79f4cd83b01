using System.Runtime.InteropServices;

namespace ConntrackConsole.Lab.Processes;

/// <summary>System calls for child processes.</summary>
internal static partial class ProcessCalls
{
    public const int SIGKILL = 9;
    public const int SIGTERM = 15;
    public const int SIGCONT = 18;
    public const int SIGSTOP = 19;
    private const int PR_SET_PDEATHSIG = 1;

    /// <summary>
    /// Binds this process to its parent: the kernel kills it when the parent's thread ends. A separate session shields it from the
    /// terminal's Ctrl-C: the lab stops its processes in order.
    /// </summary>
    /// <param name="parent">The parent's pid when it started this process.</param>
    public static void DieWithParent(int parent)
    {
        _ = SetSid();
        _ = Prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (GetParent() != parent)
            Exit(1); // The parent exited before the line above: the signal will never come.
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "_exit")]
    public static partial void Exit(int code);

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Exec(string program, string?[] arguments);

    [LibraryImport("libc", EntryPoint = "tcgetpgrp")]
    public static partial int ForegroundGroup(int fd);

    [LibraryImport("libc", EntryPoint = "getpgrp")]
    public static partial int OwnGroup();

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Prctl(int option, ulong a, ulong b, ulong c, ulong d);

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int GetParent();

    [LibraryImport("libc", EntryPoint = "setsid")]
    private static partial int SetSid();
}
