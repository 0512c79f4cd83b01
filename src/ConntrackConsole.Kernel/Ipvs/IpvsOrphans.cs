using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kernel.Ipvs;

/// <summary>Open connections of one Service to one server that gets no new ones.</summary>
/// <param name="Service">One of them: its protocol, Service and server are those of all.</param>
/// <param name="IsRemoved">The server was removed; otherwise its weight is 0.</param>
/// <param name="Count">Number of connections; closing ones are not counted.</param>
/// <param name="MaxSeconds">The longest of their remaining timeouts.</param>
internal readonly record struct IpvsOrphanGroup(IpvsConnection Service, bool IsRemoved, uint Count, int MaxSeconds);

/// <summary>
/// The connections of all Services to servers that were removed or have weight 0, in the calling thread's network namespace. Costs a
/// walk over the whole table, and the kernel walks it again from the beginning for each page that it renders.
/// </summary>
/// <param name="Groups">By Service and server; removed servers first, then the largest.</param>
/// <param name="IsPartial">A limit was reached or a line could not be parsed: there may be more.</param>
internal sealed record IpvsOrphans(IReadOnlyList<IpvsOrphanGroup> Groups, bool IsPartial)
{
    /// <summary>Maximum number of pairs of a Service and a server that are distinguished.</summary>
    public const int MaxPairs = 20_000;

    /// <summary>Why the files cannot be read although IPVS is loaded, or null. Everything else is then empty.</summary>
    public string? Unreadable { get; private init; }

    /// <summary>Reads both files.</summary>
    /// <param name="maxTime">For each file.</param>
    /// <param name="root">Normally /proc.</param>
    /// <returns>Null where IPVS is not loaded.</returns>
    public static IpvsOrphans? TryRead(TimeSpan maxTime, string root = "/proc")
    {
        if (!IpvsTimeouts.IsLoaded(root))
            return null;
        try
        {
            var pairs = new Dictionary<Pair, (IpvsConnection First, uint Count, int MaxSeconds)>();
            // The connections first, as in IpvsTable.
            bool all = IpvsFiles.ReadConnections(root, IpvsFiles.MaxLines, maxTime, (in connection) =>
            {
                if (connection.IsClosing)
                    return true;
                var pair = Pair.Of(in connection);
                if (!pairs.TryGetValue(pair, out var known) && pairs.Count == MaxPairs)
                    return false;
                pairs[pair] = (known.Count == 0 ? connection : known.First, known.Count + 1, Math.Max(known.MaxSeconds, connection.ExpiresSeconds));
                return true;
            });
            if (pairs.Count == 0)
                return new IpvsOrphans([], !all);
            var servers = new Dictionary<Pair, int>();
            var marked = new Dictionary<Ip, List<IpvsServer>>();
            bool allServers = IpvsFiles.ReadServers(root, IpvsFiles.MaxLines, maxTime, (in server) =>
            {
                if (server.Vip.IsNone) // A firewall mark stands for any Service.
                    (marked.TryGetValue(server.Address, out var list) ? list : marked[server.Address] = []).Add(server);
                else
                    servers[Pair.Of(in server)] = server.Weight;
                return servers.Count + marked.Count <= MaxPairs;
            });
            var groups = new List<IpvsOrphanGroup>();
            foreach (var (pair, (first, count, maxSeconds)) in pairs)
            {
                if (WeightOf(pair, in first) is not { } weight)
                {
                    if (allServers) // Otherwise the server may be among those that were not read.
                        groups.Add(new IpvsOrphanGroup(first, true, count, maxSeconds));
                }
                else if (weight == 0)
                {
                    groups.Add(new IpvsOrphanGroup(first, false, count, maxSeconds));
                }
            }

            return new IpvsOrphans([.. groups.OrderByDescending(group => group.IsRemoved).ThenByDescending(group => group.Count)], !all || !allServers);

            int? WeightOf(Pair pair, in IpvsConnection connection)
            {
                int? weight = servers.TryGetValue(pair, out int own) ? own : null;
                foreach (var server in marked.GetValueOrDefault(connection.Backend, []))
                {
                    if (server.Serves(in connection))
                        weight = Math.Max(weight ?? 0, server.Weight);
                }

                return weight;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new IpvsOrphans([], true) { Unreadable = error.Message };
        }
    }

    private readonly record struct Pair(byte Proto, Ip Vip, ushort Vport, Ip Backend, ushort Bport)
    {
        public static Pair Of(in IpvsConnection connection) => new(connection.Proto, connection.Vip, connection.Vport, connection.Backend, connection.Bport);

        public static Pair Of(in IpvsServer server) => new(server.Proto, server.Vip, server.Vport, server.Address, server.Port);
    }
}
