using System.Buffers.Text;

namespace ConntrackConsole.Kernel.Proc;

/// <summary>The machine's memory (/proc/meminfo), whatever limit a container has: conntrack's entries are the kernel's.</summary>
/// <param name="TotalBytes">What the kernel has to give (MemTotal), bytes.</param>
public readonly record struct NodeMemory(long TotalBytes)
{
    /// <summary>Reads the file.</summary>
    /// <returns>False where it is not there or cannot be understood.</returns>
    /// <param name="memory">The memory.</param>
    /// <param name="root">Usually /proc.</param>
    public static bool TryRead(out NodeMemory memory, string root = "/proc")
    {
        memory = default;
        try
        {
            return TryParse(File.ReadAllBytes(root + "/meminfo"), out memory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Finds the line "MemTotal: N kB"; the kernel has no other unit (fs/proc/meminfo.c).</summary>
    public static bool TryParse(ReadOnlySpan<byte> file, out NodeMemory memory)
    {
        memory = default;
        while (!file.IsEmpty)
        {
            int end = file.IndexOf((byte)'\n');
            var line = end < 0 ? file : file[..end];
            file = end < 0 ? default : file[(end + 1)..];
            if (!line.StartsWith("MemTotal:"u8))
                continue;
            line = line["MemTotal:".Length..].TrimStart((byte)' ');
            if (!Utf8Parser.TryParse(line, out long kilobytes, out int used) || !line[used..].SequenceEqual(" kB"u8)
                || kilobytes is <= 0 or > long.MaxValue / 1024)
            {
                return false;
            }

            memory = new NodeMemory(kilobytes * 1024);
            return true;
        }

        return false;
    }
}
