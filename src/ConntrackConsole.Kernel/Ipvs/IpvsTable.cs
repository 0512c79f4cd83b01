using System.Diagnostics;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kernel.Ipvs;

/// <summary>
/// What IPVS has for one server address in the calling thread's network namespace: its servers, and its connections, which live in a
/// table of their own beside conntrack. The files are untrusted and unbounded: reading stops at a limit, and reports it.
/// </summary>
/// <param name="Servers">Entries of the address in /proc/net/ip_vs.</param>
/// <param name="Connections">Connections to the address in /proc/net/ip_vs_conn; templates of persistent Services are left out.</param>
/// <param name="HasAllServers">The first file was read to its end and understood: only then is a server that is missing a removed one.</param>
/// <param name="HasAllConnections">The same for the second file.</param>
internal sealed record IpvsTable(
    IReadOnlyList<IpvsServer> Servers, IReadOnlyList<IpvsConnection> Connections, bool HasAllServers, bool HasAllConnections)
{
    /// <summary>Maximum number of lines that are read of each file.</summary>
    public const int MaxLines = 1_000_000;

    /// <summary>Maximum number of connections that are kept.</summary>
    public const int MaxConnections = 20_000;

    /// <summary>Maximum number of servers that are kept: the Services of one pod.</summary>
    public const int MaxServers = 1000;

    /// <summary>Maximum time for each file: the kernel walks its whole table, and renders each line.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(2);

    // A connection of IPv6 has 200 characters with the data of a persistence engine.
    private const int BufferLength = 64 * 1024;

    /// <summary>Reads both files.</summary>
    /// <param name="address">The server: a pod's address.</param>
    /// <param name="root">Normally /proc.</param>
    /// <returns>Null where IPVS is not loaded or its files cannot be read.</returns>
    public static IpvsTable? TryRead(Ip address, string root = "/proc") => TryRead(address, root, MaxLines, MaxTime);

    internal static IpvsTable? TryRead(Ip address, string root, int maxLines, TimeSpan maxTime)
    {
        if (!IpvsTimeouts.IsLoaded(root))
            return null;
        try
        {
            var servers = new List<IpvsServer>();
            var connections = new List<IpvsConnection>();
            (byte Proto, Ip Vip, ushort Vport)? service = null;
            // The connections first: a server that is added meanwhile is then found, and its connections are not taken for orphans.
            bool allConnections = Read(root + "/thread-self/net/ip_vs_conn", maxLines, maxTime, line =>
            {
                if (line.StartsWith("Pro FromIP"u8))
                    return true;
                if (!IpvsText.TryReadConnection(line, out var connection))
                    return line.StartsWith("IP "u8); // The template of a Service by firewall mark.
                if (connection.Backend != address || connection.Cport == 0)
                    return true;
                if (connections.Count == MaxConnections)
                    return false;
                connections.Add(connection);
                return true;
            });
            bool allServers = Read(root + "/thread-self/net/ip_vs", maxLines, maxTime, line =>
            {
                if (line.StartsWith("IP Virtual Server"u8) || line.StartsWith("Prot "u8) || line.StartsWith("  -> RemoteAddress"u8))
                    return true;
                if (line.StartsWith("  ->"u8))
                {
                    if (service is not { } of || !IpvsText.TryReadServer(line, out var server, out ushort port, out int weight))
                        return false;
                    if (server != address)
                        return true;
                    if (servers.Count == MaxServers)
                        return false;
                    servers.Add(new IpvsServer(of.Proto, of.Vip, of.Vport, server, port, weight));
                    return true;
                }

                service = IpvsText.TryReadService(line, out byte proto, out var vip, out ushort vport) ? (proto, vip, vport) : null;
                return service is not null;
            });
            return new IpvsTable(servers, connections, allServers, allConnections);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>True if a limit was reached or a line could not be parsed: there may be more of everything.</summary>
    public bool IsPartial => !HasAllServers || !HasAllConnections;

    /// <summary>Connections to a server that is no longer in the table: IPVS drops their packets, or ends them (expire_nodest_conn).</summary>
    public IEnumerable<IpvsConnection> Removed => HasAllServers ? Connections.Where(connection => !Servers.Any(server => server.Serves(in connection))) : [];

    /// <summary>Connections to a server of weight 0: they go on, and no new one is scheduled there.</summary>
    public IEnumerable<IpvsConnection> Draining => Connections.Where(connection =>
        Servers.Where(server => server.Serves(in connection)).ToList() is { Count: > 0 } found && found.All(server => server.Weight == 0));

    private delegate bool LineVisitor(ReadOnlySpan<byte> line);

    // True if every line was visited and understood.
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
