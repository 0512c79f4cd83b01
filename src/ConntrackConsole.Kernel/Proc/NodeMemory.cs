using System.Buffers.Text;

namespace ConntrackConsole.Kernel.Proc;

/// <summary>The machine's memory (/proc/meminfo), regardless of a container's limit: conntrack entries are kernel memory.</summary>
/// <param name="TotalBytes">MemTotal, in bytes.</param>
internal readonly record struct NodeMemory(long TotalBytes)
{
    /// <summary>Reads the file.</summary>
    /// <returns>False if it does not exist or cannot be parsed.</returns>
    /// <param name="memory">The memory.</param>
    /// <param name="root">Normally /proc.</param>
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

    /// <summary>Parses the line "MemTotal: N kB"; the kernel uses no other unit (fs/proc/meminfo.c).</summary>
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
