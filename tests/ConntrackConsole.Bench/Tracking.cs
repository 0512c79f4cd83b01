using System.Diagnostics;

namespace ConntrackConsole.Bench;

/// <summary>Makes the kernel track the connections of the calling thread's namespace as a node's; its loopback interface must be up.</summary>
internal static class Tracking
{
    public static void Enable()
    {
        Run("ip link set lo up");
        Run("nft 'add table inet bench; add chain inet bench output { type filter hook output priority 0; }; add rule inet bench output ct state new accept'");
    }

    private static void Run(string command)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh") { ArgumentList = { "-c", command } })!;
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"'{command}' ended with {process.ExitCode}.");
    }
}
