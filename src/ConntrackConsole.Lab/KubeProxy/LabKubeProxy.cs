using System.Diagnostics;
using System.Text.Json;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Network;

namespace ConntrackConsole.Lab.KubeProxy;

/// <summary>A node's kube-proxy: watches slices and writes them into the node's rules, each node at its own pace.</summary>
internal sealed class LabKubeProxy(LabNode node, ObjectStore store, Action<string, LabService, IReadOnlyList<Ip>> synced, INodeRules rules)
    : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new(); // A Service is added while the slices are followed.
    private readonly List<LabService> _services = [];
    private readonly Dictionary<string, IReadOnlyList<Ip>> _written = [];
    private readonly HashSet<LabService> _reconciled = [];
    private volatile TaskCompletionSource? _paused;
    private Task _loop = Task.CompletedTask;

    public ProxyState State { get; } = new();

    public LabNode Node => node;

    /// <summary>Installs the tables, then follows the slices until stopped.</summary>
    public void Start()
    {
        rules.Install();
        _loop = Task.Run(FollowAsync);
    }

    /// <summary>Writes the rules of one more Service, with its present endpoints.</summary>
    public void Add(LabService service)
    {
        lock (_lock)
        {
            _services.Add(service);
            rules.SetServices(_services, added: service);
            State.ServiceChanges(1);
        }

        _ = Sync(null, only: service);
    }

    /// <summary>Removes a Service from the rules: packets to its address are no longer translated or refused.</summary>
    public void Remove(LabService service)
    {
        lock (_lock)
        {
            _services.Remove(service);
            _reconciled.Remove(service);
            _written.Remove(service.Key);
            rules.SetServices(_services);
            State.ServiceChanges(1);
        }
    }

    /// <summary>From now on each sync is followed by the deletion of the Service's UDP entries to endpoints that do not serve, as in kube-proxy.</summary>
    public void DeleteUdpEntriesOf(LabService service)
    {
        lock (_lock)
            _reconciled.Add(service);
    }

    /// <summary>Adds or removes the rule that drops INVALID packets, and its metric.</summary>
    public void DropInvalid(bool drops)
    {
        rules.DropInvalid(drops);
        State.InvalidDropped = drops ? rules.InvalidDropped : null;
    }

    /// <summary>From now on changes stay pending, as on a node where kube-proxy hangs, until <see cref="Resume"/>.</summary>
    public void Pause() => _paused ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Resume()
    {
        _paused?.TrySetResult();
        _paused = null;
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
                while (_paused is { } paused)
                    await paused.Task.WaitAsync(_stopping.Token);
                var (more, latest, _) = Since(now);
                State.Queued(more.Count, more.Count > 0 ? DateTimeOffset.UtcNow : first);
                version = latest;
                while (!Sync(first))
                    await Task.Delay(1000, _stopping.Token);
                DeleteUdpEntries();
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

    private bool Sync(DateTimeOffset? since, LabService? only = null)
    {
        var watch = Stopwatch.StartNew();
        lock (_lock)
        {
            foreach (var service in _services.Where(service => only is null || service == only))
            {
                var endpoints = Endpoints(service);
                // Only what changed is written, as kube-proxy does.
                if (_written.TryGetValue(service.Key, out var written) && written.SequenceEqual(endpoints))
                    continue;
                try
                {
                    rules.Replace(service, endpoints);
                }
                catch (NetlinkException)
                {
                    State.SyncFailed();
                    return false;
                }

                _written[service.Key] = endpoints;
                synced(node.Name, service, endpoints);
            }
        }

        State.Synced(watch.Elapsed, since is { } from ? DateTimeOffset.UtcNow - from : null);
        return true;
    }

    private void DeleteUdpEntries()
    {
        lock (_lock)
        {
            foreach (var service in _reconciled)
            {
                var serving = Conditions(service).Where(endpoint => endpoint.Serving).Select(endpoint => endpoint.Ip).ToHashSet();
                node.Namespace.Run(() =>
                {
                    using var table = ConntrackTable.Open();
                    foreach (var flow in table.ListByOriginalDestination(service.Address).Where(flow => flow.Orig.Proto == Protocols.Udp && !serving.Contains(flow.Reply.Src)))
                        table.Delete(flow.Key, out _);
                });
            }
        }
    }

    // Terminating endpoints receive traffic only if no ready one exists.
    private List<Ip> Endpoints(LabService service)
    {
        var endpoints = Conditions(service);
        List<Ip> ready = [.. endpoints.Where(endpoint => endpoint.Ready).Select(endpoint => endpoint.Ip)];
        return ready.Count > 0 ? ready : [.. endpoints.Where(endpoint => endpoint is { Serving: true, Terminating: true }).Select(endpoint => endpoint.Ip)];
    }

    private List<(Ip Ip, bool Ready, bool Serving, bool Terminating)> Conditions(LabService service)
    {
        var found = new List<(Ip, bool, bool, bool)>();
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
                found.Add((Ip.Parse(endpoint.GetProperty("addresses")[0].GetString()!), Is("ready"), Is("serving"), Is("terminating")));

                bool Is(string condition) => conditions.GetProperty(condition).GetBoolean();
            }
        }

        return found;
    }
}
