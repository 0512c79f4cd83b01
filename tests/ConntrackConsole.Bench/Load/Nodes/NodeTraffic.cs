using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Bench.Load.Nodes;

/// <summary>
/// What one made-up node observes: 350 groups of which 3 % change a second, a reset now and then, counters, and kube-proxy every
/// two seconds. It keeps a few bytes a group: the keys are computed.
/// </summary>
internal sealed class NodeTraffic
{
    private const int Groups = 350;
    private const int ChangesPerSecond = 11;
    private const int BackendsOfService = 7;
    private const int SecondsBetweenResets = 20;
    private const int SecondsBetweenKeys = 60;

    private readonly SyntheticCluster _cluster;
    private readonly int _node;
    private readonly int[] _services;
    private readonly int[] _pods;
    private readonly byte[] _incarnations;
    private readonly ushort[] _established;
    private readonly byte[] _closing;
    private uint _random;
    private int _second;

    public NodeTraffic(SyntheticCluster cluster, int node)
    {
        (_cluster, _node) = (cluster, node);
        _random = (uint)(node + 1) * 2_654_435_761;
        _second = node % SecondsBetweenKeys;
        var shape = cluster.Shape;
        var places = new List<(int Service, int Pod)>(Groups);
        for (int step = 0; step < shape.Services && places.Count < Groups; step++)
        {
            int service = (node + step) * 37 % shape.Services;
            var (first, count) = shape.PodsOf(service);
            for (int i = 0; i < Math.Min(count, BackendsOfService) && places.Count < Groups; i++)
                places.Add((service, first + ((node + i) % count)));
        }

        // As a table that is sorted by address: the frame writes a Service's address once for all its backends.
        places = [.. places.Distinct().Order()];
        _services = [.. places.Select(place => place.Service)];
        _pods = [.. places.Select(place => place.Pod)];
        _incarnations = new byte[places.Count];
        _established = new ushort[places.Count];
        _closing = new byte[places.Count];
        for (int i = 0; i < places.Count; i++)
            _established[i] = (ushort)(1 + Next(40));
    }

    /// <summary>Fills the frame of the second that has ended; the caller has cleared it.</summary>
    /// <param name="isFirst">The first frame of a connection is a key frame.</param>
    public void Fill(NodeFrame frame, ulong sequence, long atMs, bool isFirst)
    {
        _second++;
        frame.Sequence = sequence;
        frame.AtMs = atMs;
        frame.IsKey = isFirst || _second % SecondsBetweenKeys == 0;
        for (int change = 0; change < ChangesPerSecond; change++)
            Change((int)Next((uint)_pods.Length), frame);
        if (frame.IsKey)
            WriteKey(frame);
        if (_second % SecondsBetweenResets == 0)
            frame.Resets.Add(MakeReset((int)Next((uint)_pods.Length), atMs));
        frame.Counters = new Counters(Next(3), 0, 0, 0, 8_000 + Next(500), 262_144);
        frame.HostTcp = new HostTcp(Next(4), Next(2), 0, Next(6));
        frame.Cost = new CollectorCost(FollowMode.Events, 5, 38_000, 300 + Next(100), 8_000, 0, 1);
        if (_second % 2 == 0)
            frame.Proxy = Proxy(atMs);
    }

    // Entries to a pod that a rollout replaced stay until the next key frame.
    private void WriteKey(NodeFrame frame)
    {
        frame.Groups.Clear();
        for (int i = 0; i < _pods.Length; i++)
        {
            _incarnations[i] = (byte)_cluster.Incarnation(_pods[i]);
            frame.Groups.Add(new GroupCounts(Key(i), Counts(i)));
        }
    }

    private void Change(int group, NodeFrame frame)
    {
        _established[group] = (ushort)Math.Max(1, _established[group] + (int)Next(5) - 2);
        _closing[group] = (byte)Next(4);
        if (!frame.IsKey)
            frame.Groups.Add(new GroupCounts(Key(group), Counts(group)));
    }

    private StateCounts Counts(int group)
    {
        var counts = default(StateCounts);
        counts[(int)FlowState.Established] = _established[group];
        counts[(int)FlowState.TimeWait] = _closing[group];
        return counts;
    }

    private GroupKey Key(int group) => new(
        Protocols.Tcp, ClusterShape.ServiceIp(_services[group]), ClusterShape.Port, ClusterShape.PodIp(_pods[group], _incarnations[group]), ClusterShape.Port);

    private Reset MakeReset(int group, long atMs)
    {
        var key = Key(group);
        return new Reset(
            atMs - Next(1_000), ResetKind.FromBackend, key.Backend, key.Bport, ClusterShape.PodIp(_node), (ushort)(32_768 + Next(28_000)), key.Vip, key.Vport,
            key.Backend, key.Bport, 0, Received: false);
    }

    private ProxyReading Proxy(long atMs)
    {
        double now = atMs / 1_000.0;
        return new ProxyReading(
            atMs, true, ProxyMode.Iptables, 200, now - 86_400, now - (_second % 30), now - (_second % 30) - 0.2, 0.12, 1_000 + (_second / 30), 0, 0, 0, 0, 0, 0)
        {
            Eligible = true, LiveStatus = 200, LaggingFamily = 4,
        };
    }

    // xorshift: one number in a nanosecond, and the same traffic in every run.
    private uint Next(uint below)
    {
        _random ^= _random << 13;
        _random ^= _random >> 17;
        _random ^= _random << 5;
        return _random % below;
    }
}
