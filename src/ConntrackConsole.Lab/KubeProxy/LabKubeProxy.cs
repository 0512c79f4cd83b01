using System.Diagnostics;
using System.Text.Json;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Network;

namespace ConntrackConsole.Lab.KubeProxy;

/// <summary>A node's kube-proxy: watches slices and writes them into the node's rules, each node at its own pace.</summary>
internal sealed class LabKubeProxy(LabNode node, ObjectStore store, IReadOnlyList<LabService> services, Action<string, IReadOnlyList<Ip>> synced)
    : IAsyncDisposable
{
    private readonly ServiceRules _rules = new(node.Namespace);
    private readonly CancellationTokenSource _stopping = new();
    private Task _loop = Task.CompletedTask;

    public ProxyState State { get; } = new();

    /// <summary>Installs the rules, then follows the slices until stopped.</summary>
    public void Start()
    {
        _rules.Install(services);
        State.ServiceChanges(services.Count);
        _ = Sync(null);
        _loop = Task.Run(FollowAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    private async Task FollowAsync()
    {
        long version = 0;
        try
        {
            while (true)
            {
                var (changes, now, next) = Since(version);
                if (changes.Count == 0)
                {
                    version = now;
                    await next.WaitAsync(_stopping.Token);
                    continue;
                }

                var first = DateTimeOffset.UtcNow;
                State.Queued(changes.Count, first);
                // The delay between a change and its rules is the batching of changes and the duration of a sync on a busy node.
                await Task.Delay(Random.Shared.Next(100, 700), _stopping.Token);
                var (more, latest, _) = Since(now);
                State.Queued(more.Count, more.Count > 0 ? DateTimeOffset.UtcNow : first);
                version = latest;
                while (!Sync(first))
                    await Task.Delay(1000, _stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    // After a restart of the API server the version is too old: what the rules are made from is listed at each sync anyway.
    private (IReadOnlyList<Change> Changes, long Version, Task Next) Since(long version)
    {
        try
        {
            return store.Since("endpointslices", version, null);
        }
        catch (ExpiredVersionException)
        {
            return store.Since("endpointslices", store.Version, null);
        }
    }

    private bool Sync(DateTimeOffset? since)
    {
        var watch = Stopwatch.StartNew();
        foreach (var service in services)
        {
            var endpoints = Endpoints(service);
            try
            {
                _rules.Replace(service, endpoints);
            }
            catch (NetlinkException)
            {
                State.SyncFailed();
                return false;
            }

            synced(node.Name, endpoints);
        }

        State.Synced(watch.Elapsed, since is { } from ? DateTimeOffset.UtcNow - from : null);
        return true;
    }

    // Terminating endpoints receive traffic only if no ready one exists.
    private List<Ip> Endpoints(LabService service)
    {
        List<Ip> ready = [], lastResort = [];
        foreach (var (_, slice) in store.List("endpointslices", service.Namespace).Items)
        {
            using var document = JsonDocument.Parse(slice);
            var root = document.RootElement;
            if (root.GetProperty("metadata").GetProperty("labels").GetProperty("kubernetes.io/service-name").GetString() != service.Name
                || root.GetProperty("endpoints") is not { ValueKind: JsonValueKind.Array } endpoints)
                continue;
            foreach (var endpoint in endpoints.EnumerateArray())
            {
                var conditions = endpoint.GetProperty("conditions");
                var ip = Ip.Parse(endpoint.GetProperty("addresses")[0].GetString()!);
                if (conditions.GetProperty("ready").GetBoolean())
                    ready.Add(ip);
                else if (conditions.GetProperty("serving").GetBoolean() && conditions.GetProperty("terminating").GetBoolean())
                    lastResort.Add(ip);
            }
        }

        return ready.Count > 0 ? ready : lastResort;
    }
}
