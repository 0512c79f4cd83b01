using System.Buffers.Text;

namespace ConntrackConsole.Kernel.Proc;

/// <summary>
/// The TCP counters of a network namespace since it was made (/proc/net/snmp). The file tells them in 32 or 64 bits, by
/// architecture: take differences with unsigned arithmetic.
/// </summary>
/// <param name="OutRsts">Resets sent.</param>
/// <param name="EstabResets">Connections that a reset ended.</param>
/// <param name="AttemptFails">Connections that failed before they were established.</param>
/// <param name="RetransSegs">Segments sent again.</param>
public readonly record struct SnmpTcp(uint OutRsts, uint EstabResets, uint AttemptFails, uint RetransSegs)
{
    /// <summary>
    /// Reads those of the calling thread's namespace: /proc/net is a link to the namespace of the process's first thread.
    /// </summary>
    /// <returns>False where the file is not there or cannot be understood.</returns>
    /// <param name="tcp">The counters.</param>
    /// <param name="root">Usually /proc.</param>
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

    /// <summary>Finds the two lines that begin with "Tcp:", names and values.</summary>
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
            var name = Word(ref names);
            var value = Word(ref values);
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

    private static ReadOnlySpan<byte> Word(ref ReadOnlySpan<byte> rest)
    {
        rest = rest.TrimStart((byte)' ');
        int end = rest.IndexOf((byte)' ');
        var word = end < 0 ? rest : rest[..end];
        rest = rest[word.Length..];
        return word;
    }
}
