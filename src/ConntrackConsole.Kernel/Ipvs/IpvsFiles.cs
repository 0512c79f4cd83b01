using System.Diagnostics;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kernel.Ipvs;

internal delegate bool IpvsConnectionVisitor(in IpvsConnection connection);

internal delegate bool IpvsServerVisitor(in IpvsServer server);

/// <summary>
/// Reads /proc/net/ip_vs and /proc/net/ip_vs_conn of the calling thread's network namespace, line by line. They are untrusted and
/// unbounded: reading stops at a limit, and reports it.
/// </summary>
internal static class IpvsFiles
{
    /// <summary>Maximum number of lines that are read of each file.</summary>
    public const int MaxLines = 1_000_000;

    // A connection of IPv6 has 200 characters with the data of a persistence engine.
    private const int BufferLength = 64 * 1024;

    private delegate bool LineVisitor(ReadOnlySpan<byte> line);

    /// <summary>Opens both files and reads their first lines.</summary>
    /// <param name="root">Normally /proc.</param>
    /// <param name="why">Why they cannot be read; null if they can, and where IPVS is not loaded.</param>
    public static bool TryOpen(string root, out string? why)
    {
        why = null;
        if (!IpvsTimeouts.IsLoaded(root))
            return false;
        try
        {
            Span<byte> head = stackalloc byte[64];
            foreach (var (name, expected) in ((string, string)[])[("ip_vs", "IP Virtual Server"), ("ip_vs_conn", "Pro FromIP")])
            {
                using var file = new FileStream($"{root}/thread-self/net/{name}", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
                if (!System.Text.Encoding.ASCII.GetString(head[..file.Read(head)]).StartsWith(expected, StringComparison.Ordinal))
                    why ??= $"/proc/net/{name} does not begin as IPVS writes it";
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            why = error.Message;
        }

        return why is null;
    }

    /// <summary>Visits each connection; templates of persistent Services are left out. False from <paramref name="visit"/> = left out.</summary>
    /// <returns>True if every line was visited and understood.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be opened.</exception>
    public static bool ReadConnections(string root, int maxLines, TimeSpan maxTime, IpvsConnectionVisitor visit) =>
        Read(root + "/thread-self/net/ip_vs_conn", maxLines, maxTime, line =>
        {
            if (line.StartsWith("Pro FromIP"u8))
                return true;
            if (!IpvsText.TryReadConnection(line, out var connection))
                return line.StartsWith("IP "u8); // The template of a Service by firewall mark.
            return connection.Cport == 0 || visit(in connection);
        });

    /// <summary>Visits each server with its Service. False from <paramref name="visit"/> = left out.</summary>
    /// <returns>True if every line was visited and understood: only then is a server that is missing a removed one.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be opened.</exception>
    public static bool ReadServers(string root, int maxLines, TimeSpan maxTime, IpvsServerVisitor visit)
    {
        (byte Proto, Ip Vip, ushort Vport)? service = null;
        return Read(root + "/thread-self/net/ip_vs", maxLines, maxTime, line =>
        {
            if (line.StartsWith("IP Virtual Server"u8) || line.StartsWith("Prot "u8) || line.StartsWith("  -> RemoteAddress"u8))
                return true;
            if (line.StartsWith("  ->"u8))
            {
                return service is { } of && IpvsText.TryReadServer(line, out var address, out ushort port, out int weight)
                    && visit(new IpvsServer(of.Proto, of.Vip, of.Vport, address, port, weight));
            }

            service = IpvsText.TryReadService(line, out byte proto, out var vip, out ushort vport) ? (proto, vip, vport) : null;
            return service is not null;
        });
    }

    private static bool Read(string path, int maxLines, TimeSpan maxTime, LineVisitor visit)
    {
        long began = Stopwatch.GetTimestamp();
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        byte[] buffer = new byte[BufferLength];
        int held = 0, lines = 0;
        bool understood = true;
        while (true)
        {
            int read = file.Read(buffer, held, buffer.Length - held);
            held += read;
            var rest = buffer.AsSpan(0, held);
            for (int end; (end = rest.IndexOf((byte)'\n')) >= 0; rest = rest[(end + 1)..])
            {
                if (++lines > maxLines)
                    return false;
                understood &= visit(rest[..end]);
            }

            if (read == 0)
                return understood && (rest.IsEmpty || visit(rest));
            if (rest.Length == buffer.Length || Stopwatch.GetElapsedTime(began) > maxTime)
                return false; // IPVS writes no line as long as the buffer.
            rest.CopyTo(buffer);
            held = rest.Length;
        }
    }
}
