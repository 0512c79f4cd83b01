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
    /// <summary>Maximum number of connections that are kept.</summary>
    public const int MaxConnections = 20_000;

    /// <summary>Maximum number of servers that are kept: the Services of one pod.</summary>
    public const int MaxServers = 1000;

    /// <summary>Maximum time for each file: the kernel walks its whole table, and renders each line.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(2);

    /// <summary>Why the files cannot be read although IPVS is loaded, or null. Everything else is then empty.</summary>
    public string? Unreadable { get; private init; }

    /// <summary>Reads both files.</summary>
    /// <param name="address">The server: a pod's address.</param>
    /// <param name="root">Normally /proc.</param>
    /// <returns>Null where IPVS is not loaded, and only there: what cannot be read is <see cref="Unreadable"/>.</returns>
    public static IpvsTable? TryRead(Ip address, string root = "/proc") => TryRead(address, root, IpvsFiles.MaxLines, MaxTime);

    internal static IpvsTable? TryRead(Ip address, string root, int maxLines, TimeSpan maxTime)
    {
        if (!IpvsTimeouts.IsLoaded(root))
            return null;
        try
        {
            var servers = new List<IpvsServer>();
            var connections = new List<IpvsConnection>();
            // The connections first: a server that is added meanwhile is then found, and its connections are not taken for orphans.
            bool allConnections = IpvsFiles.ReadConnections(root, maxLines, maxTime, (in connection) =>
            {
                if (connection.Backend != address)
                    return true;
                if (connections.Count == MaxConnections)
                    return false;
                connections.Add(connection);
                return true;
            });
            bool allServers = IpvsFiles.ReadServers(root, maxLines, maxTime, (in server) =>
            {
                if (server.Address != address)
                    return true;
                if (servers.Count == MaxServers)
                    return false;
                servers.Add(server);
                return true;
            });
            return new IpvsTable(servers, connections, allServers, allConnections);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new IpvsTable([], [], false, false) { Unreadable = error.Message };
        }
    }

    /// <summary>True if a limit was reached, a line could not be parsed, or nothing could be read: there may be more of everything.</summary>
    public bool IsPartial => !HasAllServers || !HasAllConnections;

    /// <summary>Connections to a server that is no longer in the table: IPVS drops their packets, or ends them (expire_nodest_conn).</summary>
    public IEnumerable<IpvsConnection> Removed => HasAllServers ? Connections.Where(connection => !Servers.Any(server => server.Serves(in connection))) : [];

    /// <summary>Connections to a server of weight 0: they go on, and no new one is scheduled there.</summary>
    public IEnumerable<IpvsConnection> Draining => Connections.Where(connection =>
        Servers.Where(server => server.Serves(in connection)).ToList() is { Count: > 0 } found && found.All(server => server.Weight == 0));
}
