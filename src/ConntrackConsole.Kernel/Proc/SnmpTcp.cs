using System.Buffers.Text;

namespace ConntrackConsole.Kernel.Proc;

/// <summary>
/// The TCP counters of a network namespace since its creation (/proc/net/snmp). The file contains 32-bit or 64-bit values, by
/// architecture: take differences with unsigned arithmetic.
/// </summary>
/// <param name="OutRsts">Resets sent.</param>
/// <param name="EstabResets">Connections ended by a reset.</param>
/// <param name="AttemptFails">Connections that failed before they were established.</param>
/// <param name="RetransSegs">Segments retransmitted.</param>
internal readonly record struct SnmpTcp(uint OutRsts, uint EstabResets, uint AttemptFails, uint RetransSegs)
{
    /// <summary>
    /// Reads the calling thread's namespace: /proc/net itself links to the namespace of the process's first thread.
    /// </summary>
    /// <returns>False if the file does not exist or cannot be parsed.</returns>
    /// <param name="tcp">The counters.</param>
    /// <param name="root">Normally /proc.</param>
    public static bool TryRead(out SnmpTcp tcp, string root = "/proc")
    {
        tcp = default;
        try
        {
            return TryParse(File.ReadAllBytes(root + "/thread-self/net/snmp"), out tcp);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The file of the namespace of the thread that reads it first, to be read repeatedly.</summary>
    /// <param name="root">Normally /proc.</param>
    public static ProcFile Open(string root = "/proc") => new(root + "/thread-self/net/snmp");

    /// <summary>Reads the counters from a file of <see cref="Open"/>.</summary>
    /// <returns>False if the file does not exist or cannot be parsed.</returns>
    public static bool TryRead(ProcFile file, out SnmpTcp tcp)
    {
        ArgumentNullException.ThrowIfNull(file);
        tcp = default;
        try
        {
            return file.TryRead(out var content) && TryParse(content, out tcp);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Parses the two lines that begin with "Tcp:", names and values.</summary>
    public static bool TryParse(ReadOnlySpan<byte> file, out SnmpTcp tcp)
    {
        tcp = default;
        ReadOnlySpan<byte> names = default;
        while (!file.IsEmpty)
        {
            int end = file.IndexOf((byte)'\n');
            var line = end < 0 ? file : file[..end];
            file = end < 0 ? default : file[(end + 1)..];
            if (!line.StartsWith("Tcp:"u8))
                continue;
            if (!names.IsEmpty)
                return TryPair(names, line[4..], out tcp);
            names = line[4..];
        }

        return false;
    }

    private static bool TryPair(ReadOnlySpan<byte> names, ReadOnlySpan<byte> values, out SnmpTcp tcp)
    {
        tcp = default;
        bool any = false;
        while (true)
        {
            var name = NextToken(ref names);
            var value = NextToken(ref values);
            if (name.IsEmpty || value.IsEmpty)
                return any && name.IsEmpty && value.IsEmpty;
            // MaxConn is -1; the rest are counters.
            if (!Utf8Parser.TryParse(value, out long number, out int used) || used != value.Length)
                return false;
            uint counter = unchecked((uint)number);
            any = true;
            if (name.SequenceEqual("OutRsts"u8))
                tcp = tcp with { OutRsts = counter };
            else if (name.SequenceEqual("EstabResets"u8))
                tcp = tcp with { EstabResets = counter };
            else if (name.SequenceEqual("AttemptFails"u8))
                tcp = tcp with { AttemptFails = counter };
            else if (name.SequenceEqual("RetransSegs"u8))
                tcp = tcp with { RetransSegs = counter };
        }
    }

    private static ReadOnlySpan<byte> NextToken(ref ReadOnlySpan<byte> rest)
    {
        rest = rest.TrimStart((byte)' ');
        int end = rest.IndexOf((byte)' ');
        var word = end < 0 ? rest : rest[..end];
        rest = rest[word.Length..];
        return word;
    }
}
