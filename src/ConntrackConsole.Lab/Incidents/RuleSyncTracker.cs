using System.Collections.Concurrent;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lab.Cluster;

namespace ConntrackConsole.Lab.Incidents;

/// <summary>The endpoints of each Service currently in the rules of each node.</summary>
internal sealed class RuleSyncTracker(LabEventWriter output)
{
    private readonly ConcurrentDictionary<(string Node, string Service), IReadOnlyList<Ip>> _rules = new();

    public void Synced(string node, LabService service, IReadOnlyList<Ip> endpoints)
    {
        _rules[(node, service.Key)] = endpoints;
        output.Event("rules-synced", new { node, service = service.Key, endpoints = endpoints.Select(ip => ip.ToString()) });
    }

    /// <summary>Completes when the given number of nodes have the given number of endpoints of a Service (or after 10 s).</summary>
    public async Task WithAsync(LabService service, int nodes, int endpoints)
    {
        for (int wait = 0; wait < 200 && _rules.Count(known => known.Key.Service == service.Key && known.Value.Count == endpoints) < nodes; wait++)
            await Task.Delay(50);
    }

    /// <summary>The Service is gone from all rules.</summary>
    public void Forget(LabService service)
    {
        foreach (var key in _rules.Keys.Where(key => key.Service == service.Key))
            _rules.TryRemove(key, out _);
    }

    /// <summary>Completes when no node sends new connections to the address any more (or after 10 s).</summary>
    public async Task WithoutAsync(Ip address)
    {
        for (int wait = 0; wait < 200 && _rules.Values.Any(endpoints => endpoints.Contains(address)); wait++)
            await Task.Delay(50);
    }
}
