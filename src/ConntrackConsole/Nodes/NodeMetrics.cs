using System.Collections.Immutable;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Nodes;

/// <summary>
/// The last reported settings and kube-proxy metrics of a node, with the history that the checks need. Late frames are
/// not applied here. Not thread-safe: <see cref="TimelineStore"/> holds its lock.
/// </summary>
internal sealed class NodeMetrics
{
    public const string BeLiberal = "net.netfilter.nf_conntrack_tcp_be_liberal";

    // Node input is untrusted: neither many names nor many changes may exhaust memory.
    private const int MaxSettings = 256;
    private const int MaxChanges = 32;

    // A kube-proxy that was not read for this long is considered unresponsive.
    private const long ProxySilentMs = 30_000;

    private readonly CounterRate _endpointChanges = new();
    private readonly CounterRate _apiErrors = new();
    private ImmutableDictionary<string, SettingFact> _settings = ImmutableDictionary<string, SettingFact>.Empty;
    private ImmutableArray<(long AtMs, string Value)> _beLiberal = [];
    private ProxyReading? _proxy;
    private long _proxyHeardMs;
    private long? _pendingSinceMs, _queuedSinceMs;

    /// <summary>False until a hello message or a frame has arrived.</summary>
    public bool HasReported { get; private set; }

    /// <summary>By full name.</summary>
    public IReadOnlyDictionary<string, SettingFact> Settings => _settings;

    /// <summary>kube-proxy reports that its rules lag, or has pending changes.</summary>
    public bool ProxyLags => _proxy is { Answers: true } proxy && (proxy.ReportsLag || _pendingSinceMs is not null);

    /// <summary>How long changes have waited for the rules, as of a reading of the last half minute; null without one, and if its metrics do not show it.</summary>
    public long? ProxyLagMs(long atMs)
    {
        if (_proxy is not { Answers: true } proxy || atMs - proxy.AtMs > ProxySilentMs)
            return null;
        bool hasPending = !double.IsNaN(proxy.EndpointChangesPending) || !double.IsNaN(proxy.ServiceChangesPending);
        if (!hasPending && (double.IsNaN(proxy.LastQueued) || double.IsNaN(proxy.LastSync)))
            return null;
        return Math.Max(0, proxy.AtMs - Math.Min(_pendingSinceMs ?? proxy.AtMs, _queuedSinceMs ?? proxy.AtMs));
    }

    /// <summary>Applies the current values in a collector's hello message; everything else is kept.</summary>
    public void Begin(Hello hello, long nowMs)
    {
        HasReported = true;
        foreach (string gone in _settings.Keys.Where(k => k.StartsWith("net.netfilter.", StringComparison.Ordinal) && !hello.Sysctls.ContainsKey(k)).ToList())
            _settings = _settings.Remove(gone);
        foreach (var (name, value) in hello.Sysctls)
        {
            bool known = _settings.TryGetValue(name, out var before);
            if (!known || before.Value != value)
                Set(name, value, known ? nowMs : null, nowMs);
        }
    }

    public void Apply(NodeFrame frame, long heardMs)
    {
        HasReported = true;
        foreach (var change in frame.Settings)
        {
            if (change.After.Length > 0)
                Set(change.Name, change.After, change.AtMs, change.AtMs);
            else
                _settings = _settings.Remove(change.Name);
        }

        if (frame.Proxy is { } proxy)
            Apply(proxy, heardMs);
    }

    public NodeFacts Facts(string node, bool connected, long lastHeardMs, in Counters counters, bool tableKnown, bool hasVipEntries) => new(
        node, connected, lastHeardMs, tableKnown, hasVipEntries, counters, _settings,
        _proxy is null ? null : new ProxyFacts(_proxy, _proxyHeardMs, _pendingSinceMs, _queuedSinceMs, Rate(_endpointChanges), Rate(_apiErrors)))
    {
        BeLiberal = _beLiberal,
    };

    private void Apply(ProxyReading proxy, long heardMs)
    {
        var before = _proxy;
        (_proxy, _proxyHeardMs) = (proxy, heardMs);
        if (!proxy.Answers)
        {
            (_pendingSinceMs, _queuedSinceMs) = (null, null);
            return;
        }

        // A sync that ended after the last reading applied what was pending then: what is pending now is pending since this reading.
        bool synced = before is not { Answers: true } || before.LastSync != proxy.LastSync;
        bool pending = proxy.EndpointChangesPending > 0 || proxy.ServiceChangesPending > 0;
        _pendingSinceMs = !pending ? null : synced ? proxy.AtMs : _pendingSinceMs ?? proxy.AtMs;
        // Queued repeatedly without a sync in between: it is queued since the first time.
        bool queued = proxy.LastQueued > proxy.LastSync || (proxy.LastQueued > 0 && double.IsNaN(proxy.LastSync));
        _queuedSinceMs = !queued ? null : synced || _queuedSinceMs is null ? QueuedMs(proxy) : _queuedSinceMs;
        _endpointChanges.Add(proxy.AtMs, proxy.EndpointChanges);
        _apiErrors.Add(proxy.AtMs, proxy.ApiErrors);
    }

    private static long QueuedMs(ProxyReading proxy) => (long)Math.Clamp(proxy.LastQueued * 1000, 0, proxy.AtMs);

    private RateFact Rate(CounterRate rate)
    {
        long atMs = _proxy!.AtMs;
        var (median, minutes) = rate.Baseline(atMs);
        return new RateFact(rate.Recent(atMs, 6), rate.Recent(atMs, 30), median, minutes);
    }

    private void Set(string name, string value, long? changedMs, long atMs)
    {
        if (_settings.Count >= MaxSettings && !_settings.ContainsKey(name))
            return;
        _settings = _settings.SetItem(name, new SettingFact(value, changedMs));
        if (name != BeLiberal)
            return;
        _beLiberal = _beLiberal.Add((atMs, value));
        if (_beLiberal.Length > MaxChanges)
            _beLiberal = _beLiberal.RemoveAt(0);
    }
}
