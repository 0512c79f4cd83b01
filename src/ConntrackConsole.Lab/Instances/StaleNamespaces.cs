using ConntrackConsole.Kernel.Namespaces;
using ConntrackConsole.Lab.Processes;

namespace ConntrackConsole.Lab.Instances;

/// <summary>Objects of a lab killed with SIGKILL: namespaces and, rarely, processes inside them.</summary>
internal static class StaleNamespaces
{
    private static readonly string[] OurPrograms = ["conntrack-lab", "conntrack-collector"];

    /// <summary>Removes every namespace with the prefix, and our own programs that run in one.</summary>
    /// <returns>Number of namespaces removed.</returns>
    public static int Remove(string prefix)
    {
        var names = NetworkNamespace.List(prefix);
        foreach (string name in names)
        {
            foreach (int pid in ProcessesIn(name))
                ProcessCalls.Kill(pid, ProcessCalls.SIGKILL);
            NetworkNamespace.Delete(name);
        }

        return names.Count;
    }

    private static IEnumerable<int> ProcessesIn(string name)
    {
        if (FileIdentity.Of(Path.Combine(NetworkNamespace.Directory, name)) is not { } wanted)
            yield break;
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), out int pid) && pid != Environment.ProcessId
                && FileIdentity.Of($"{directory}/ns/net") == wanted && IsOurs(directory))
                yield return pid;
        }
    }

    private static bool IsOurs(string directory)
    {
        try
        {
            string? program = new FileInfo($"{directory}/exe").LinkTarget;
            return OurPrograms.Contains(Path.GetFileName(program));
        }
        catch (IOException)
        {
            return false; // It ended meanwhile.
        }
    }
}
