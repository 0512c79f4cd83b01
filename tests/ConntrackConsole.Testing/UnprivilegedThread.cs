using System.Runtime.InteropServices;

namespace ConntrackConsole.Testing;

/// <summary>Drops capabilities, which belong to a thread: such a thread must not be reused for other work.</summary>
internal static unsafe partial class UnprivilegedThread
{
    private const int NetAdmin = 12;

    public static void KeepNetAdmin() => Keep(1u << NetAdmin);

    public static void KeepNothing() => Keep(0);

    private static void Keep(uint capabilities)
    {
        uint* header = stackalloc uint[] { 0x20080522, 0 }; // _LINUX_CAPABILITY_VERSION_3, this thread
        uint* data = stackalloc uint[] { capabilities, capabilities, 0, 0, 0, 0 }; // effective, permitted, inheritable; twice
        if (CapSet(header, data) < 0)
            throw new InvalidOperationException($"capset: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "capset", SetLastError = true)]
    private static partial int CapSet(uint* header, uint* data);
}
