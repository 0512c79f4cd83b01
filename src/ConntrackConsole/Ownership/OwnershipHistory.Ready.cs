using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Ownership;

internal sealed partial class OwnershipHistory
{
    /// <summary>How many endpoints of each Service were ready at a time; Services without one are absent. Reads every endpoint.</summary>
    public Dictionary<ServiceKey, int> ReadyEndpoints(long atMs)
    {
        var ready = new Dictionary<ServiceKey, int>();
        foreach (var span in _endpoints.All)
        {
            if (span.Ready && span.FromMs <= atMs && (span.ToMs is null || span.ToMs > atMs))
                ready[span.Service] = ready.GetValueOrDefault(span.Service) + 1;
        }

        return ready;
    }
}
