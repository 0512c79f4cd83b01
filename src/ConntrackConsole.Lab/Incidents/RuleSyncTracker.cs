using System.Collections.Concurrent;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Lab.Incidents;

/// <summary>The endpoints currently in the rules of each node.</summary>
internal sealed class RuleSyncTracker(LabEventWriter output)
{
    private readonly ConcurrentDictionary<string, IReadOnlyList<Ip>> _nodes = new();

    public void Synced(string node, IReadOnlyList<Ip> endpoints)
    {
        _nodes[node] = endpoints;
        output.Event("rules-synced", new { node, endpoints = endpoints.Select(ip => ip.ToString()) });
    }

    /// <summary>Completes when the given number of nodes have the given number of endpoints (or after 10 s).</summary>
    public async Task WithAsync(int nodes, int endpoints)
    {
        for (int wait = 0; wait < 200 && _nodes.Values.Count(known => known.Count == endpoints) < nodes; wait++)
            await Task.Delay(50);
    }

    /// <summary>Completes when no node sends new connections to the address any more (or after 10 s).</summary>
    public async Task WithoutAsync(Ip address)
    {
        for (int wait = 0; wait < 200 && _nodes.Values.Any(endpoints => endpoints.Contains(address)); wait++)
            await Task.Delay(50);
    }
}
